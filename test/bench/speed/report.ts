import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

/** One contestant under one load: the medians of its rounds. */
export interface Result {
  readonly name: string
  readonly load: string
  readonly cpuMicrosPerRequest: number
  readonly ratioToNginx: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly redisCommandsPerRequest: number
  readonly rssMiB: number
}
/** A peer that this machine could not run. */
export interface Absent {
  readonly name: string
  readonly absent: string
}

const columns: readonly [title: string, field: Exclude<keyof Result, 'name' | 'load'>, width: number][] = [
  ['CPU µs/request', 'cpuMicrosPerRequest', 14],
  ['× nginx', 'ratioToNginx', 9],
  ['calls/s', 'requestsPerSecond', 9],
  ['p50 ms', 'p50Ms', 8],
  ['p99 ms', 'p99Ms', 8],
  ['Redis', 'redisCommandsPerRequest', 8],
  ['MiB', 'rssMiB', 7],
]
const nameWidth = 36

export function header(): string {
  return ' '.repeat(nameWidth) + columns.map(([title, , width]) => title.padStart(width)).join(' ')
}

export function line(result: Result): string {
  const cells = columns.map(([, field, width]) => String(result[field]).padStart(width))
  return result.name.padEnd(nameWidth) + cells.join(' ')
}

export function absentLine({ name, absent }: Absent): string {
  return `${name.padEnd(nameWidth)} not measured: ${absent}`
}

/**
 * Writes the findings of this commit where they are kept, and says where. The machine is described, never named.
 *
 * @param kind of bench, as the name of the file ends; '' for the cost of a call
 */
export function keep(kind: string, findings: object): string {
  const folder = fileURLToPath(new URL('../results/', import.meta.url))
  const commit = git('rev-parse', '--short', 'HEAD')
  const kept = {
    commit,
    hasUncommittedChanges: git('status', '--porcelain') !== '',
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    ...findings,
  }
  mkdirSync(folder, { recursive: true })
  const name = `${commit}${kind && `-${kind}`}.json`
  writeFileSync(folder + name, `${JSON.stringify(kept, null, 2)}\n`)
  return `test/bench/results/${name}`
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}
