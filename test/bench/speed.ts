import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { barLine, barsOf } from './speed/bars.ts'
import { large, small, startContest } from './speed/contestants.ts'
import { compare, type Run } from './speed/measure.ts'
import { absentLine, header, keep, line, type Result } from './speed/report.ts'
import { warmAll, warmCalls } from './speed/warm.ts'

const help = `What a call costs: processor time of the gateway process per request, next to nginx as a plain proxy in the same run.

  npm run bench [-- options]

  --quick   one round of one second per contestant, 32 connections, small bodies: under a minute
  --keep    also write the results to test/bench/results/<commit>.json
  --help    this text

Needs nginx, haproxy, wrk and redis-server on the PATH, on Linux. Express Gateway is installed into its own folder when
it is missing. Every process is warmed by ${warmCalls.toLocaleString('en')} calls first, or for so long as the run allows, and said to be short of
them. Without --quick: three rounds of four seconds, 32 and 128 connections, 10 KiB bodies; about 20 minutes.
Ends with the bars and whether each is met; ours counts by the dearer of API key and OAuth. Every run writes
.data/bench.json.`

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
})
const isQuick = options.quick === true
const run: Run = isQuick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 4 }
const connections = isQuick ? [32] : [32, 128]
const shapes = isQuick ? small : [...small, ...large]
const warmMs = isQuick ? 18_000 : 120_000

async function bench() {
  const contest = await startContest()
  try {
    for (const { names, calls, isShort } of await warmAll([contest.nginx, ...contest.others], shapes, warmMs))
      if (isShort) console.log(`warmed by ${calls} calls only: ${names}`)
    const results: Result[] = []
    for (const shape of shapes) {
      for (const count of connections) {
        const rows = await compare(contest, shape, count, run)
        results.push(...rows)
        console.log(`\n${rows[0]!.load}\n${header()}`)
        for (const row of rows) console.log(line(row))
        for (const one of contest.absent) console.log(absentLine(one))
      }
    }
    const bars = barsOf(results)
    console.log(`\n${bars.map(barLine).join('\n')}`)
    mkdirSync('.data', { recursive: true })
    const rows = results.map(({ load, ...row }) => ({ ...row, name: `${row.name}, ${load}` }))
    writeFileSync('.data/bench.json', `${JSON.stringify([...rows, ...contest.absent], null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep('', { isQuick, results, absent: contest.absent, bars })}`)
  } finally {
    await contest.end()
  }
}

if (options.help) console.log(help)
else await bench()
