import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = fileURLToPath(new URL('./pace.ts', import.meta.url))

export interface Pace {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Calls a second. */
  readonly rate: number
  readonly seconds: number
}
/** Times count from when a call was due. */
export interface Paced {
  readonly calls: number
  readonly failed: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** How late the client itself sent. */
  readonly lateP99Ms: number
  /** Of the client. */
  readonly cpuMicrosPerCall: number
}

/** Calls at a constant rate, from a process of its own. @throws Error when a connection breaks or a call fails */
export async function paced({ url, headers, rate, seconds }: Pace): Promise<Paced> {
  const options = { url, headers: JSON.stringify(headers), rate, seconds }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { stdout } = await run(process.execPath, [script, ...args])
  const taken = JSON.parse(stdout) as Paced
  if (taken.failed > 0) throw new Error(`${taken.failed} of ${taken.calls} calls to ${url} failed`)
  return taken
}
