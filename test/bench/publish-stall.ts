import { existsSync, readFileSync } from 'node:fs'
import { startEcho } from '../support/echo.ts'
import { callOnce, connections, startLoad } from '../support/load.ts'
import { publishDemo, startPlatform } from '../support/platform.ts'
import { until } from '../support/until.ts'

/**
 * Imports and publishes a large document while a gateway serves a steady stream of calls, and prints how long that
 * took, the longest call, and how late the loops of the gateway's threads were. `npm run bench:publish [file] [times]`
 */

const file = process.argv[2] ?? '../shared/specs/stripe-2022-11-15.oas30.yaml'
const times = Number(process.argv[3] ?? 3)
if (!existsSync(file)) {
  console.log(`${file} is not here: give another document`)
  process.exit(0)
}
const document = readFileSync(file)
const [platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
const demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
const gateway = await platform.gateway({ LOG_ACCESS: 'off' })
await gateway.serves(demo.snapshot)
const agent = connections(8)
const headers = { 'x-api-key': demo.key }
const load = startLoad({
  workers: 8,
  async call() {
    // A steady stream rather than a flood: on a full machine every call waits for the processor.
    const [answer] = await Promise.all([
      callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers, agent }),
      new Promise((resolve) => setTimeout(resolve, 10)),
    ])
    return answer
  },
})

/** ms, since this was last asked: all threads, and the main thread's own. */
async function loopDelayMs(): Promise<number> {
  const text = await gateway.metrics()
  return Number(/gateway_event_loop_delay_seconds\{quantile="1"\} (\S+)/.exec(text)?.[1]) * 1_000
}
const figure = (ms: number) => `${ms.toFixed(1).padStart(8)} ms`

async function observed(title: string, work: () => Promise<unknown>) {
  load.worstMs()
  await loopDelayMs()
  const startedAt = performance.now()
  await work()
  const tookMs = performance.now() - startedAt
  console.log(
    `${title.padEnd(34)} took ${figure(tookMs)}   worst loop delay ${figure(await loopDelayMs())}   longest call ${figure(load.worstMs())}`,
  )
}

await until(() => load.total() > 2_000, { timeoutMs: 60_000 }) // warm
await observed('2,000 calls, nothing published', async () => {
  const from = load.total()
  await until(() => load.total() > from + 2_000, { timeoutMs: 60_000 })
})
for (let i = 1; i <= times; i++) {
  await observed(`import and publish, number ${i}`, async () => {
    const { snapshot } = await publishDemo(platform, {
      name: `large-${i}`,
      targets: [{ url: echo.url }],
      document,
    })
    await gateway.serves(snapshot)
  })
}
await load.stop()
console.log(`${load.total()} calls, ${load.faults.length} failed`)
agent.destroy()
await platform.close()
await echo.close()
