import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type BoundCalls, compareBound } from './oauth/bound-calls.ts'
import { startOAuthStage } from './oauth/stage.ts'
import { compareTokens, type TokenCost } from './oauth/tokens.ts'
import { atLeast, barLine } from './speed/bars.ts'
import { keep } from './speed/report.ts'

const help = `What OAuth costs: an access token by client credentials, beside oidc-provider doing the same; and a call with a
token that is bound to a key (DPoP), beside one with a bearer token.

  npm run bench:oauth [-- options]

  --quick   one round of two seconds for each, after ten to warm: under two minutes
  --keep    also write the results to test/bench/results/<commit>-oauth.json
  --help    this text

Both servers run with one thread and keep their tokens in the same Redis; the rounds alternate between them, and the
median counts. Processor time is that of the server’s process, Redis and the client not counted: tokens per second and
core are a million divided by the µs of one. Each client secret and each proof of a call differs from that of the call
before; proofs are made ahead, by a process of their own, and each is used once.

Needs wrk and redis-server on the PATH, on Linux. Without --quick about two minutes. Writes .data/bench-oauth.json.`

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } },
})
const isQuick = options.quick === true
const run = isQuick ? { rounds: 1, seconds: 2, warmSeconds: 10 } : { rounds: 5, seconds: 3, warmSeconds: 15 }

function tokenLine({ name, cpuMicrosPerToken, tokensPerSecondAndCore, redisCommandsPerToken }: TokenCost) {
  const cells = [
    `${cpuMicrosPerToken} µs`.padStart(12),
    `${tokensPerSecondAndCore} tokens/s and core`.padStart(28),
    `${redisCommandsPerToken} Redis commands`.padStart(24),
  ]
  return name.padEnd(20) + cells.join('')
}

function callLine({ name, cpuMicrosPerCall, callsPerSecond, p99Ms }: BoundCalls) {
  const cells = [
    `${cpuMicrosPerCall} µs`.padStart(12),
    `${callsPerSecond} calls/s`.padStart(28),
    `p99 ${p99Ms} ms`.padStart(24),
  ]
  return name.padEnd(20) + cells.join('')
}

async function bench() {
  const stage = await startOAuthStage()
  try {
    const tokens = await compareTokens(stage, run)
    console.log(`client credentials\n${tokens.map(tokenLine).join('\n')}`)
    const calls = await compareBound(stage, run)
    console.log(`\ncalls through the gateway\n${calls.map(callLine).join('\n')}`)
    const [ours, reference] = tokens
    const [bearer, bound] = calls
    const ratios = {
      tokensToReference: ratio(reference!.cpuMicrosPerToken, ours!.cpuMicrosPerToken),
      boundToBearer: ratio(bound!.cpuMicrosPerCall, bearer!.cpuMicrosPerCall),
    }
    const bars = [atLeast('tokens per second and core', ours!.tokensPerSecondAndCore, 1_500)]
    console.log(`\noidc-provider’s token costs ${ratios.tokensToReference} times ours`)
    console.log(`a call with a bound token costs ${ratios.boundToBearer} times one with a bearer token`)
    console.log(`\n${bars.map(barLine).join('\n')}`)
    const findings = { isQuick, tokens, calls, ratios, bars }
    mkdirSync('.data', { recursive: true })
    writeFileSync('.data/bench-oauth.json', `${JSON.stringify(findings, null, 2)}\n`)
    if (options.keep) console.log(`\nkept in ${keep('oauth', findings)}`)
  } finally {
    await stage.end()
  }
}

const ratio = (a: number, b: number) => Math.round((a / b) * 100) / 100

if (options.help) console.log(help)
else await bench()
