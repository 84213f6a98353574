import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measureCredentials } from './growth/credentials.ts'
import { measureStalls, stallLine } from './growth/publishing.ts'
import { type Row, rowHeader, rowLine } from './growth/row.ts'
import { startStage } from './growth/stage.ts'
import { measureTables } from './growth/tables.ts'
import { measureThreads } from './growth/threads.ts'
import { atMost, type Bar, barLine } from './speed/bars.ts'
import { keep } from './speed/report.ts'

const help = `Whether a call costs more, and a publish stalls, where the platform is large. Everything on: API key, limit, counting,
access log, least-connections. What counts are the ratios: each case beside the small one, in the same minutes.

  npm run bench:growth [-- options]

  --only <part>   tables, credentials, threads or publish, and nothing else
  --quick         one round of one second, 20,000 credentials, five publishes: about two minutes
  --keep          also write the results to test/bench/results/<commit>-growth.json
  --help          this text

Tables: one thread is brought from 10 routes to 1,000 and 10,000, from 3 targets to 1, 50 and 300, and back. Credentials: two
gateways at the same time, one with 100 keys and one with 100,000, each key in turn, without pause, for longer than the
30 s after which a key is asked for again; both also at 10,000 routes. All fit the cache, as GATEWAY_MAX_CACHED_IDENTITIES
is 100,000 by default. Publish: the latest that the loop of any of two threads was, under 1,000 calls a second.

Needs nginx, wrk and redis-server on the PATH, on Linux. Without --quick about ten minutes. Writes
.data/bench-growth.json.`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
const isQuick = options.quick === true
const effort = isQuick
  ? { rounds: 1, seconds: 1, warmCalls: 60_000 }
  : { rounds: 5, seconds: 4, warmCalls: 200_000 }
const credentials = isQuick ? 20_000 : 100_000
const settleSeconds = isQuick ? 12 : 60
const publishes = isQuick ? 5 : 20
const isAsked = (part: string) => options.only === undefined || options.only === part

async function bench() {
  const stage = await startStage()
  const rows: Row[] = []
  const print = (more: readonly Row[]) => {
    rows.push(...more)
    for (const row of more) console.log(rowLine(row))
  }
  console.log(rowHeader())
  try {
    if (isAsked('tables')) print(await measureTables(stage, effort))
    if (isAsked('credentials'))
      print(
        await measureCredentials(
          stage,
          { ...effort, seconds: effort.seconds * 2 },
          credentials,
          settleSeconds,
        ),
      )
    if (isAsked('threads')) print(await measureThreads(stage, effort))
    const stalls = isAsked('publish') ? await measureStalls(stage, publishes) : []
    for (const stall of stalls) console.log(stallLine(stall))
    const bars: Bar[] = [
      ...rows
        .filter(({ name }) => /^10,000 routes|credentials/.test(name))
        .map(({ name, ratio }) => atMost(`cost of a call beside the small case, ${name}`, ratio, 1.1)),
      ...stalls
        .filter(({ name }) => name.includes('changed'))
        .map(({ name, worstLoopDelayMs }) => atMost(`ms a thread stalls, ${name}`, worstLoopDelayMs, 20)),
    ]
    console.log(`\n${bars.map(barLine).join('\n')}`)
    const findings = { isQuick, rows, stalls, bars }
    mkdirSync('.data', { recursive: true })
    writeFileSync('.data/bench-growth.json', `${JSON.stringify(findings, null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep('growth', findings)}`)
  } finally {
    await stage.close()
  }
}

if (options.help) console.log(help)
else await bench()
