import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startExpressGateway } from './speed/express-gateway.ts'
import { type Ours, startOurs } from './speed/ours.ts'
import { startExpressProxy, startHaproxy, startNginxProxy, startUpstream } from './speed/peers.ts'
import { cpuMicros, rssMiB, type Served } from './speed/process.ts'
import { type Absent, absentLine, header, keep, line, type Result } from './speed/report.ts'
import { drive, type Load } from './speed/wrk.ts'

const help = `What a call costs: processor time of the gateway process per request, next to nginx as a plain proxy in the same run.

  npm run bench [-- options]

  --quick   one round of one second per contestant, 32 connections, small bodies: under a minute
  --keep    also write the results to test/bench/results/<commit>.json
  --help    this text

Needs nginx, haproxy, wrk and redis-server on the PATH, on Linux. Express Gateway is installed into its own folder when
it is missing. Without --quick: three rounds of four seconds, 32 and 128 connections, 10 KiB bodies; about 20 minutes.
Every run writes .data/bench.json.`

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
})
const isQuick = options.quick === true
const rounds = isQuick ? 1 : 3
const seconds = isQuick ? 1 : 4
const connections = isQuick ? [32] : [32, 128]

interface Shape extends Pick<Load, 'method' | 'body'> {
  readonly name: string
  readonly path: string
}
const small: Shape[] = [
  { name: 'GET 100 B', method: 'GET', path: '/accounts/a1/balance' },
  {
    name: 'POST 43 B',
    method: 'POST',
    path: '/payment',
    body: '{"amount":100,"account_id":"acc_000000001"}',
  },
]
const large: Shape[] = [
  { name: 'GET 10 KiB', method: 'GET', path: '/large' },
  { name: 'POST 10 KiB', method: 'POST', path: '/payment', body: `{"text":"${'x'.repeat(10_240 - 11)}"}` },
]
const shapes = isQuick ? small : [...small, ...large]

interface Contestant {
  readonly name: string
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid: number
  readonly redisCommands?: () => Promise<number>
}
type Sample = Omit<Result, 'name' | 'load' | 'ratioToNginx'>

function oursAll({ variants, served, redisCommands }: Ours): Contestant[] {
  return variants.map((variant) => ({ ...variant, pid: served.pid, redisCommands }))
}

/**
 * Every contestant is warmed, so that its code is compiled, and then measured in every round, one after the other, so
 * that a slow moment of the machine falls on all; the median of the rounds counts. The first contestant is nginx.
 */
async function compare(contestants: readonly Contestant[], absent: readonly Absent[]): Promise<Result[]> {
  const results: Result[] = []
  const toWarm = isQuick ? lastOfEachProcess(contestants) : contestants
  for (const shape of shapes) {
    for (const count of connections) {
      const samples = new Map<Contestant, Sample[]>()
      for (const one of toWarm) await measure(one, shape, count, 1)
      for (let round = 0; round < rounds; round++) {
        for (const one of contestants) {
          samples.set(one, [...(samples.get(one) ?? []), await measure(one, shape, count, seconds)])
        }
      }
      const load = `${shape.name}, ${count} connections`
      console.log(`\n${load}\n${header()}`)
      const nginxCpu = median(samples.get(contestants[0]!)!, 'cpuMicrosPerRequest')
      for (const one of contestants) {
        const result = summary(one.name, load, samples.get(one)!, nginxCpu)
        results.push(result)
        console.log(line(result))
      }
      for (const one of absent) console.log(absentLine(one))
    }
  }
  return results
}

/** Enough to have the code of a process compiled: our last variant has everything on. */
function lastOfEachProcess(contestants: readonly Contestant[]): Contestant[] {
  return [...new Map(contestants.map((one) => [one.pid, one])).values()]
}

async function measure(one: Contestant, shape: Shape, count: number, forSeconds: number): Promise<Sample> {
  const { method, body } = shape
  const load: Load = {
    url: one.base + shape.path,
    method,
    headers: one.headers,
    connections: count,
    seconds: forSeconds,
    ...(body !== undefined && { body }),
  }
  const commandsBefore = (await one.redisCommands?.()) ?? 0
  const before = cpuMicros(one.pid)
  const { requests, ...taken } = await drive(load)
  const cpu = cpuMicros(one.pid) - before
  const commands = ((await one.redisCommands?.()) ?? 0) - commandsBefore
  return {
    ...taken,
    cpuMicrosPerRequest: cpu / requests,
    redisCommandsPerRequest: commands / requests,
    rssMiB: rssMiB(one.pid),
  }
}

function summary(name: string, load: string, samples: readonly Sample[], nginxCpu: number): Result {
  const cpu = median(samples, 'cpuMicrosPerRequest')
  return {
    name,
    load,
    cpuMicrosPerRequest: Math.round(cpu * 10) / 10,
    ratioToNginx: round2(cpu / nginxCpu),
    requestsPerSecond: median(samples, 'requestsPerSecond'),
    p50Ms: round2(median(samples, 'p50Ms')),
    p99Ms: round2(median(samples, 'p99Ms')),
    redisCommandsPerRequest: round2(median(samples, 'redisCommandsPerRequest')),
    rssMiB: median(samples, 'rssMiB'),
  }
}

function median(samples: readonly Sample[], field: keyof Sample): number {
  const sorted = samples.map((s) => s[field]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function round2(value: number) {
  return Math.round(value * 100) / 100
}

/** A reason in one line, for a table. */
function reasonOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!
}

async function bench() {
  const upstream = await startUpstream()
  const peers: [string, Served][] = [
    ['nginx', await startNginxProxy(upstream.url)],
    ['HAProxy', await startHaproxy(upstream.url)],
    ['express + http-proxy-middleware', await startExpressProxy(upstream.url)],
  ]
  const absent: Absent[] = []
  await startExpressGateway(upstream.url).then(
    (served) => peers.push(['Express Gateway', served]),
    (error) => absent.push({ name: 'Express Gateway', absent: reasonOf(error) }),
  )
  const ours = await startOurs(upstream.url)
  const contestants = peers.map(([name, { url, pid }]) => ({ name, base: url, headers: {}, pid }))
  try {
    const results = await compare([...contestants, ...oursAll(ours)], absent)
    mkdirSync('.data', { recursive: true })
    const rows = [...results.map(({ load, ...row }) => ({ ...row, name: `${row.name}, ${load}` })), ...absent]
    writeFileSync('.data/bench.json', `${JSON.stringify(rows, null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep(isQuick, results, absent)}`)
  } finally {
    await Promise.all([ours.served.stop(), ...peers.map(([, served]) => served.stop())])
    await upstream.stop()
  }
}

if (options.help) console.log(help)
else await bench()
