import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { callsOf, median } from './growth/cost.ts'
import { bringIn, fillApi, fillKeys, pathOf } from './growth/fill.ts'
import { rounded } from './growth/row.ts'
import { startStage } from './growth/stage.ts'
import { type Paced, paced } from './latency/paced.ts'
import { atMost, barLine } from './speed/bars.ts'
import { keep } from './speed/report.ts'

const help = `What the gateway adds to the time of a call at half load. Everything on, two threads.

  npm run bench:latency [-- options]

  --quick   one warm-up of 60,000 calls, two rounds of three seconds: about half a minute
  --keep    also write the results to test/bench/results/<commit>-latency.json
  --help    this text

First a closed loop of 64 connections says what the gateway can do; then calls come at half of that rate, whether those
before were answered or not (an open loop), through the gateway and straight to the service in turn. A call’s time counts
from when it was due. What is added is the difference of the two percentiles; the median of the rounds counts.

The client, the service and Redis share the machine’s processors with the gateway, as the closed loop did: the client
takes some 25 µs of them a call, and says how late it was itself. Needs nginx, wrk and redis-server on the PATH, on Linux.
Without --quick about three minutes. Writes .data/bench-latency.json.`

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
})
const isQuick = options.quick === true
const { warmCalls, rounds, seconds } = isQuick
  ? { warmCalls: 60_000, rounds: 2, seconds: 3 }
  : { warmCalls: 200_000, rounds: 7, seconds: 8 }
const threads = 2

type Times = Pick<Paced, 'p50Ms' | 'p99Ms'>
interface Round {
  readonly gateway: Paced
  readonly service: Paced
}

async function bench() {
  const stage = await startStage()
  try {
    const { registry, gateway } = stage.platform()
    const api = await fillApi(registry, 'api', 10, [stage.upstream, stage.upstream, stage.upstream])
    await bringIn(registry, [api])
    const keys = await fillKeys(registry, 'partner', 1, [api])
    const calls = callsOf([api], [keys])
    const node = await gateway(threads)
    for (let served = 0; served < warmCalls * threads; ) served += await calls.drive(node, 2)
    const { callsPerSecond } = await calls.cost(node, isQuick ? 2 : 5)
    const rate = Math.round(callsPerSecond / 2)
    console.log(`closed loop: ${callsPerSecond} calls/s; open loop: ${rate} calls/s`)
    const path = pathOf(api, 1)
    const headers = { 'x-api-key': keys[0]! }
    const taken: Round[] = []
    console.log(header())
    for (let round = 0; round < rounds; round++) {
      const service = await paced({ url: stage.upstream + path, headers: {}, rate, seconds })
      const through = await paced({ url: node.url + path, headers, rate, seconds })
      taken.push({ gateway: through, service })
      console.log(line(`round ${round + 1}`, taken.at(-1)!))
    }
    const added = addedOf(taken)
    const bars = [atMost('ms added at half load, 99th percentile', added.p99Ms, 2)]
    console.log(`\nadded: p50 ${added.p50Ms} ms, p99 ${added.p99Ms} ms\n${bars.map(barLine).join('\n')}`)
    const findings = { isQuick, threads, cores: availableParallelism(), rate, added, bars, rounds: taken }
    mkdirSync('.data', { recursive: true })
    writeFileSync('.data/bench-latency.json', `${JSON.stringify(findings, null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep('latency', findings)}`)
  } finally {
    await stage.close()
  }
}

function addedOf(rounds: readonly Round[]): Times {
  const of = (field: keyof Times) =>
    rounded(median(rounds.map(({ gateway, service }) => gateway[field] - service[field])), 2)
  return { p50Ms: of('p50Ms'), p99Ms: of('p99Ms') }
}

const columns = ['p50 ms', 'p99 ms', 'p99.9 ms', 'service p50', 'service p99', 'client late p99']

function header(): string {
  return ' '.repeat(12) + columns.map((title) => title.padStart(16)).join('')
}

function line(name: string, { gateway, service }: Round): string {
  const late = Math.max(gateway.lateP99Ms, service.lateP99Ms)
  const cells = [gateway.p50Ms, gateway.p99Ms, gateway.p999Ms, service.p50Ms, service.p99Ms, late]
  return name.padEnd(12) + cells.map((ms) => ms.toFixed(2).padStart(16)).join('')
}

if (options.help) console.log(help)
else await bench()
