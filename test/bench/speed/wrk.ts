import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Load {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Of the body; absent: JSON. */
  readonly contentType?: string
  readonly connections: number
  readonly seconds: number
  /** Paths and values of a header that are called in turn, in place of the path of the address. */
  readonly turns?: Turns
}
/** A file of path and a header's value, with a tab between them, by line. */
export interface Turns {
  readonly file: string
  /** The line that is called first. */
  readonly from: number
  /** Name of the header; absent: that of API keys. */
  readonly header?: string
}
export interface Taken {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** A closed loop: so many connections, each with one call at a time. @throws Error when a call fails */
export async function drive(load: Load): Promise<Taken> {
  const { url, method, headers, body, connections, seconds, turns } = load
  const contentType = load.contentType ?? 'application/json'
  const script = join(mkdtempSync(join(tmpdir(), 'bench-wrk-')), 'load.lua')
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`)
  writeFileSync(
    script,
    `wrk.method = ${lua(method)}
${lines.join('\n')}
${body === undefined ? '' : `wrk.body = ${lua(body)}\nwrk.headers["content-type"] = ${lua(contentType)}`}
${turns ? inTurn(turns) : ''}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  )
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url]
  const { stdout } = await run('wrk', args)
  const [requests, micros, p50, p99, errors] = /figures (.*)/.exec(stdout)![1]!.split(' ').map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  if (errors > 0) throw new Error(`${errors} of ${requests} calls to ${url} failed`)
  return {
    requests,
    requestsPerSecond: Math.round(requests / (micros / 1e6)),
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
  }
}

/** All requests are made before the first is sent, so that the load costs as little as with one. */
const inTurn = ({ file, from, header = 'x-api-key' }: Turns) => `
local requests, at = {}, ${from}
function init()
  for line in io.lines(${lua(file)}) do
    local path, value = line:match("([^\t]*)\t(.*)")
    wrk.headers[${lua(header)}] = value
    requests[#requests + 1] = wrk.format(nil, path)
  end
  at = at % #requests
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`

const lua = (text: string) => JSON.stringify(text)
