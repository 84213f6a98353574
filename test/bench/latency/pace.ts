import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

/**
 * An open loop: calls at a constant rate, whether those before were answered or not. The time of a call counts from the
 * moment at which it was due, so that a server that hangs is not spared the calls that should have come meanwhile
 * (coordinated omission). A process of its own, started by `paced`; prints `Paced` as JSON.
 *
 * Timers of node keep to the millisecond only, so calls that are due go out with every answer that comes in, too.
 */

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    headers: { type: 'string', default: '{}' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '64' },
  },
})
const url = new URL(values.url!)
const rate = Number(values.rate)
const count = Math.round(rate * Number(values.seconds))
const headers = Object.entries(JSON.parse(values.headers) as Record<string, string>)
const request = Buffer.from(
  [
    `GET ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    ...headers.map((pair) => pair.join(': ')),
    '',
    '',
  ].join('\r\n'),
  'latin1',
)

interface Line {
  readonly socket: Socket
  /** When its call was due; -1 while it is free. */
  dueAt: number
  received: string
}

/** ms, by call: from when it was due to its answer, and to its being sent. */
const times = new Float64Array(count)
const lateness = new Float64Array(count)
const free: Line[] = []
let sent = 0
let answered = 0
let failed = 0
let startedAt = 0

function send() {
  const now = performance.now()
  while (sent < count && free.length > 0) {
    const dueAt = startedAt + (sent * 1_000) / rate
    if (dueAt > now) return
    const line = free.shift()! // the one that is free for longest, or the server would close it
    line.dueAt = dueAt
    lateness[sent++] = now - dueAt
    line.socket.write(request)
  }
}

function onData(line: Line, chunk: string) {
  line.received += chunk
  const headEnd = line.received.indexOf('\r\n\r\n')
  if (headEnd === -1) return
  const length = /\r\ncontent-length: *(\d+)/i.exec(line.received)
  if (!length) return fail('an answer without content-length')
  if (line.received.length < headEnd + 4 + Number(length[1])) return
  if (!line.received.startsWith('HTTP/1.1 200')) failed++
  times[answered++] = performance.now() - line.dueAt
  line.dueAt = -1
  line.received = ''
  free.push(line)
  if (answered === count) end()
  else send()
}

function fail(reason: string): never {
  console.error(reason)
  process.exit(1)
}

function end() {
  const cpu = process.cpuUsage()
  const quantile = (all: Float64Array, q: number) =>
    all.sort()[Math.min(count - 1, Math.ceil(q * count) - 1)]!
  console.log(
    JSON.stringify({
      calls: count,
      failed,
      p50Ms: quantile(times, 0.5),
      p90Ms: quantile(times, 0.9),
      p99Ms: quantile(times, 0.99),
      p999Ms: quantile(times, 0.999),
      maxMs: quantile(times, 1),
      lateP99Ms: quantile(lateness, 0.99),
      cpuMicrosPerCall: (cpu.user + cpu.system) / count,
    }),
  )
  process.exit(0)
}

async function open(): Promise<void> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  const line: Line = { socket, dueAt: -1, received: '' }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => onData(line, chunk))
  socket.on('error', (error) => fail(error.message))
  socket.on('close', () => fail('a connection was closed'))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  free.push(line)
}

await Promise.all(Array.from({ length: Number(values.connections) }, open))
startedAt = performance.now() + 10
setInterval(send, 1)
