import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { callsOf } from './growth/cost.ts'
import { bringIn, type Filled, fillApi, fillKeys, turnTo } from './growth/fill.ts'
import { type Point, pointHeader, pointLine, takePoint, tellsHeap } from './growth/memory-point.ts'
import { startStage } from './growth/stage.ts'
import { atMost, barLine } from './speed/bars.ts'
import { keep } from './speed/report.ts'

const help = `Whether memory grows with calls and publishes: a gateway of one thread, everything on, under load, with a publish of 1,000
routes after every hundredth of the calls or of the time; all APIs change with it.

  npm run bench:memory [-- options]

  --calls <n>     10,000,000 unless told
  --minutes <n>   ends after so long at the latest, whatever was served; 20 unless told
  --quick         500,000 calls: about a minute
  --keep          also write the results to test/bench/results/<commit>-memory.json
  --help          this text

Points are taken after equal work: the load rests for two seconds, the heap of every thread is collected whole, and then
its size and the memory of the process are read. The first tenth counts as warm-up: caches fill, code is compiled. The bar
is the growth of the heap from there to the end, in percent; the process has what its allocator does not give back, so it
may be some per cent more. Writes .data/bench-memory.json.`

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000000' },
    minutes: { type: 'string', default: '20' },
    quick: { type: 'boolean' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
const calls = options.quick ? 500_000 : Number(options.calls)
const publishes = 100
const points = 10

async function bench() {
  const stage = await startStage()
  const startedAt = performance.now()
  try {
    const { registry, gateway } = stage.platform()
    const urls = [stage.upstream, stage.upstream, stage.upstream]
    const apis: Filled[] = []
    for (let i = 0; i < 10; i++) apis.push(await fillApi(registry, `api-${i}`, 100, urls))
    const here = await bringIn(registry, apis)
    const titled = apis.map((one) => ({ ...one, api: { ...one.api, title: 'another' } }))
    const there = await bringIn(registry, titled)
    const keys: string[][] = []
    for (const one of apis) keys.push(await fillKeys(registry, `for-${one.api.name}`, 100, [one]))
    const load = callsOf(apis, keys)
    const node = await gateway(1, tellsHeap)
    const taken: Point[] = []
    console.log(pointHeader)
    let served = 0
    let published = 0
    /** Of the whole, by calls or by time, whichever is further. */
    const share = () =>
      Math.min(
        1,
        Math.max(served / calls, (performance.now() - startedAt) / (Number(options.minutes) * 60_000)),
      )
    for (let i = 1; i <= points; i++) {
      while (share() < i / points) {
        served += await load.drive(node, 1)
        for (; published < Math.floor(share() * publishes); published++) {
          const number = published % 2 === 0 ? here : there
          await turnTo(registry, number)
          await node.serves(number)
        }
      }
      taken.push(await takePoint(node, 1, served, published))
      console.log(pointLine(taken.at(-1)!))
    }
    const growth = (field: 'heapMiB' | 'rssMiB') =>
      Number(((taken.at(-1)![field] / taken[0]![field] - 1) * 100).toFixed(1))
    const bars = [
      atMost(`% of growth of the heap over ${served.toLocaleString('en')} calls`, growth('heapMiB'), 5),
      atMost(`% of growth of the process`, growth('rssMiB'), 10),
    ]
    console.log(`\n${bars.map(barLine).join('\n')}`)
    mkdirSync('.data', { recursive: true })
    writeFileSync('.data/bench-memory.json', `${JSON.stringify({ points: taken, bars }, null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep('memory', { points: taken, bars })}`)
  } finally {
    await stage.close()
  }
}

if (options.help) console.log(help)
else await bench()
