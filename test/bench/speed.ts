import { mkdirSync, writeFileSync } from 'node:fs'
import { type Ours, startOurs } from './speed/ours.ts'
import { startExpressProxy, startHaproxy, startNginxProxy, startUpstream } from './speed/peers.ts'
import { cpuMicros, rssMiB, type Served } from './speed/process.ts'
import { drive, type Load } from './speed/wrk.ts'

/**
 * What a call costs: processor time of the gateway process per request, next to nginx as a plain proxy in the same run.
 * `npm run bench [-- --quick]`. Needs nginx, haproxy and wrk (Debian packages). Every contestant is measured in every
 * round, one after the other, so that a slow moment of the machine falls on all; the median of the rounds counts.
 */

const isQuick = process.argv.includes('--quick')
const rounds = isQuick ? 1 : 3
const seconds = isQuick ? 1 : 4
const connections = isQuick ? [32] : [32, 128]

const shapes = [
  { name: 'GET 100 B', method: 'GET', path: '/accounts/a1/balance' },
  {
    name: 'POST 43 B',
    method: 'POST',
    path: '/payment',
    body: '{"amount":100,"account_id":"acc_0000000001"}'.slice(0, 43),
  },
  ...(isQuick ? [] : [{ name: 'GET 10 KiB', method: 'GET', path: '/large' } as const]),
] as const

interface Contestant {
  readonly name: string
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid: number
  readonly redisCommands?: () => Promise<number>
}

interface Sample {
  readonly cpuMicrosPerRequest: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly redisCommandsPerRequest: number
  readonly rssMiB: number
}

function oursAll({ variants, served, redisCommands }: Ours): Contestant[] {
  return variants.map((variant) => ({ ...variant, pid: served.pid, redisCommands }))
}

async function compare(contestants: readonly Contestant[]) {
  const results: object[] = []
  for (const shape of shapes) {
    for (const count of connections) {
      const samples = new Map<Contestant, Sample[]>()
      for (const one of contestants) await measure(one, shape, count, 1) // warm: code compiled, connections open
      for (let round = 0; round < rounds; round++) {
        for (const one of contestants) {
          samples.set(one, [...(samples.get(one) ?? []), await measure(one, shape, count, seconds)])
        }
      }
      console.log(`\n${shape.name}, ${count} connections\n${header}`)
      const nginxCpu = median(samples.get(contestants[0]!)!, 'cpuMicrosPerRequest')
      for (const one of contestants) {
        const all = samples.get(one)!
        const cpu = median(all, 'cpuMicrosPerRequest')
        const result = {
          name: `${one.name}, ${shape.name}, ${count} connections`,
          cpuMicrosPerRequest: round1(cpu),
          requestsPerSecond: median(all, 'requestsPerSecond'),
          p50Ms: median(all, 'p50Ms'),
          p99Ms: median(all, 'p99Ms'),
          ratioToNginx: round2(cpu / nginxCpu),
          redisCommandsPerRequest: round2(median(all, 'redisCommandsPerRequest')),
          rssMiB: median(all, 'rssMiB'),
        }
        results.push(result)
        console.log(line(one.name, result))
      }
    }
  }
  mkdirSync('.data', { recursive: true })
  writeFileSync('.data/bench.json', `${JSON.stringify(results, null, 2)}\n`)
}

async function measure(
  one: Contestant,
  shape: (typeof shapes)[number],
  count: number,
  forSeconds: number,
): Promise<Sample> {
  const load: Load = {
    url: one.base + shape.path,
    method: shape.method,
    headers: one.headers,
    connections: count,
    seconds: forSeconds,
    ...('body' in shape && { body: shape.body }),
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

function median(samples: readonly Sample[], field: keyof Sample): number {
  const sorted = samples.map((s) => s[field]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

const header = `${'CPU µs/request'.padStart(50)} ${'× nginx'.padStart(9)} ${'calls/s'.padStart(9)} ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)} ${'Redis'.padStart(7)} ${'MiB'.padStart(7)}`

function line(
  name: string,
  r: {
    cpuMicrosPerRequest: number
    ratioToNginx: number
    requestsPerSecond: number
    p50Ms: number
    p99Ms: number
    redisCommandsPerRequest: number
    rssMiB: number
  },
) {
  const cells: [string | number, number][] = [
    [r.cpuMicrosPerRequest, 14],
    [r.ratioToNginx, 9],
    [r.requestsPerSecond, 9],
    [round2(r.p50Ms), 8],
    [round2(r.p99Ms), 8],
    [r.redisCommandsPerRequest, 7],
    [r.rssMiB, 7],
  ]
  return name.padEnd(36) + cells.map(([value, width]) => String(value).padStart(width)).join(' ')
}

function round1(value: number) {
  return Math.round(value * 10) / 10
}
function round2(value: number) {
  return Math.round(value * 100) / 100
}

const upstream = await startUpstream()
const peers: [string, Served][] = [
  ['nginx', await startNginxProxy(upstream.url)],
  ['HAProxy', await startHaproxy(upstream.url)],
  ['express + http-proxy-middleware', await startExpressProxy(upstream.url)],
]
const ours = await startOurs(upstream.url)
try {
  await compare([
    ...peers.map(([name, { url, pid }]) => ({ name, base: url, headers: {}, pid })),
    ...oursAll(ours),
  ])
} finally {
  await Promise.all([ours.served.stop(), ...peers.map(([, served]) => served.stop())])
  await upstream.stop()
}
