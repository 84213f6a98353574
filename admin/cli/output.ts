import Table from 'cli-table3'
import type { Command } from 'commander'
import type { FieldError } from '../../registry/base/problem.ts'
import type { Finding } from '../../registry/model.ts'
import type { ProblemBody, RefusalError } from './client.ts'
import type { GlobalOptions, Io } from './io.ts'

export const wantsJson = (command: Command) => command.optsWithGlobals<GlobalOptions>().json === true

/** Prints the data as JSON for scripts, or as lines for people. */
export function print(io: Io, command: Command, data: unknown, forPeople: () => string): void {
  io.out(wantsJson(command) ? JSON.stringify(data, null, 2) : forPeople())
}

export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return 'There are none.'
  const plain = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  })
  for (const row of rows) plain.push(row.map((cell) => printable(String(cell ?? ''))))
  return plain.toString().replace(/ +$/gm, '')
}

/** Lines of name and value. */
export function fields(values: Readonly<Record<string, unknown>>): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length))
  return Object.entries(values)
    .map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value ?? '') || '-')}`)
    .join('\n')
}

/** Titles and the like come from others: control characters could rewrite what a terminal shows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
export const printable = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')

export const time = (ms: number | null) =>
  ms === null ? '-' : new Date(ms).toISOString().slice(0, 19).concat('Z')

export function findingLines(findings: readonly Finding[]): string {
  return findings.map((f) => `${f.severity}: ${place(f.pointer, f.line)}: ${printable(f.message)}`).join('\n')
}

/** A failed command, for people: what, where, and the id to find it in the log by. */
export function describeFailure(error: unknown): string {
  const { problem } = error as Partial<RefusalError>
  return problem ? describeProblem(problem) : printable((error as Error).message)
}

function describeProblem({ title, detail, code, errors = [], instance }: ProblemBody): string {
  const lines = errors.map((e) => `  ${placed(e)}`)
  const head = printable(detail ?? `${title}.`)
  return [head, ...lines, `(${code}, ${instance})`].join('\n')
}

// A fault of syntax has no pointer, and says line and column itself.
const placed = ({ pointer, line, detail }: FieldError) =>
  detail.startsWith(`Line ${line},`) ? printable(detail) : `${place(pointer, line)}: ${printable(detail)}`

const place = (pointer: string, line?: number) =>
  [line === undefined ? '' : `line ${line}`, printable(pointer) || (line === undefined ? '/' : '')]
    .filter(Boolean)
    .join(' ')

/** What is shown once, with the words that must go with it. */
export function secretNote(name: string, secret: string): string {
  return `${name}  ${secret}\nThis is shown once. Keep it now, in a safe place; it cannot be shown again.`
}
