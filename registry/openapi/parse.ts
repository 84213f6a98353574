import { CORE_SCHEMA, load, mergeTag } from 'js-yaml'
import { LineCounter, parseDocument } from 'yaml'
import type { FieldError } from '../base/problem.ts'
import { findDuplicateKey, findHazard } from './guard.ts'
import { lineFinder } from './lines.ts'
import { refusal } from './refusal.ts'
import { isTree, type Tree } from './tree.ts'

export interface Parsed {
  readonly format: 'json' | 'yaml'
  readonly tree: Tree
  /** Line of a JSON pointer, or of its nearest ancestor that is written out. Costly at its first call. */
  readonly lineOf: (pointer: string) => number | undefined
}

const schema = CORE_SCHEMA.withTags(mergeTag)

/** Text to values. @throws Problem document-invalid with the places of syntax errors */
export function parseDocumentText(bytes: Uint8Array): Parsed {
  const text = decode(bytes)
  const { format, value } = readJson(text) ?? { format: 'yaml' as const, value: readYaml(text) }
  const lineOf = lineFinder(text)
  const hazard = findHazard(value)
  if (hazard) throw refusal([{ ...hazard, ...withLine(lineOf(hazard.pointer)) }])
  if (!isTree(value))
    throw refusal([
      { pointer: '', detail: 'An OpenAPI document is an object (a mapping) at its top.', line: 1 },
    ])
  return { format, tree: value, lineOf }
}

export function withLine(line: number | undefined): { line?: number } {
  return line === undefined ? {} : { line }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refusal([{ pointer: '', detail: 'The text is not UTF-8.' }])
  }
}

/** @returns undefined when the text is not JSON; it may be YAML, of which JSON is a part */
function readJson(text: string): { format: 'json'; value: unknown } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  // JSON.parse keeps the last of two equal keys, other readers the first: they would see different operations.
  const duplicate = findDuplicateKey(text)
  if (duplicate)
    throw syntaxError(text, duplicate.offset, `the key ${JSON.stringify(duplicate.key)} is given twice`)
  return { format: 'json', value }
}

/** js-yaml is several times faster; `yaml` reads some real files that it refuses, and names every error. */
function readYaml(text: string): unknown {
  try {
    return load(text, { schema })
  } catch {
    return readYamlSlowly(text)
  }
}

function readYamlSlowly(text: string): unknown {
  // Not 'silent': a second document in the text would then be dropped without an error.
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, merge: true, prettyErrors: false, logLevel: 'error' })
  if (document.errors.some((e) => e.message.includes('call stack'))) throw new RangeError('nested too deeply')
  if (document.errors.length > 0)
    throw refusal(document.errors.slice(0, 20).map((e) => errorAt(lineCounter.linePos(e.pos[0]), e.message)))
  if (document.contents === null) throw refusal([{ pointer: '', detail: 'The document is empty.' }])
  // Aliases are counted by findHazard, by what they stand for.
  return document.toJS({ maxAliasCount: -1 })
}

function syntaxError(text: string, offset: number, message: string) {
  const lines = text.slice(0, offset).split('\n')
  return refusal([errorAt({ line: lines.length, col: lines.at(-1)!.length + 1 }, message)])
}

function errorAt({ line, col }: { line: number; col: number }, message: string): FieldError {
  return { pointer: '', detail: `Line ${line}, column ${col}: ${message}`, line }
}
