import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bytesOf, filler, type Place, plainScript, type Script, script } from '../support/fuzz/calls.ts'
import { echoOf, judgeCalls } from '../support/fuzz/judge-calls.ts'
import { fuzz, fuzzTimeoutMs } from '../support/fuzz/run.ts'
import { speak } from '../support/fuzz/speak.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type StrictUpstream, startStrictUpstream } from '../support/strict-upstream.ts'
import { until } from '../support/until.ts'

/**
 * Whatever a partner says, in whatever pieces: the service hears exactly the calls that were said, each as one request
 * that can be read in one way; and each call has its own answer, or the connection ends with a refusal.
 */

interface Lane extends Place {
  readonly judge: StrictUpstream
}

/** Of lanes, on each of which one speaks at a time. */
const letters = 'abcdefgh'

let stage: Stage
let lanes: Lane[]
let said = 0

beforeAll(async () => {
  stage = await startStage({
    GATEWAY_BODY_IDLE_TIMEOUT_MS: '2000',
    GATEWAY_HEADERS_TIMEOUT_MS: '2000',
    GATEWAY_FAILED_LOOKUPS_PER_SECOND: '1000000', // keys are changed, too
    GATEWAY_MAX_FAILED_LOOKUPS_PER_SECOND: '1000000',
  })
  // What is heard on a lane belongs to the one connection that speaks there.
  lanes = []
  for (const letter of letters) {
    const judge = stage.keep(
      await startStrictUpstream((call, socket) => void socket.write(echoOf(call), 'latin1')),
    )
    const { path, key } = await stage.api(`lane-${letter}`, { targets: [{ url: judge.url }] })
    lanes.push({ path, key, judge })
  }
}, 180_000) // much is published, on a machine that may be busy
afterAll(() => stage?.close())

async function isTrue(told: Script, lane: Lane, behind = filler) {
  await lane.judge.heard().catch(() => {}) // what came late of what went wrong before
  const { bytes, pieces } = bytesOf(told, lane, said)
  said += told.calls.length + 1
  const spoken = await speak(stage.gateway.port, pieces, behind)
  const shown = () => `\nsaid: ${shortened(bytes)}\nanswered: ${JSON.stringify(spoken.text)}`
  try {
    const { requests } = await lane.judge.heard()
    judgeCalls(bytes + (spoken.isFilled ? behind : ''), lane, requests, spoken)
    return requests.length
  } catch (error) {
    throw new Error((error as Error).message + shown())
  }
}

/** Long bodies say nothing. */
const shortened = (text: string) => JSON.stringify(text).replace(/x{50,}/g, (all) => `(${all.length} x)`)

const onLanes = (of: fc.Arbitrary<Script>) =>
  fc.array(of, { minLength: 1, maxLength: letters.length, size: 'max' })

async function allAreTrue(scripts: readonly Script[]) {
  const outcomes = await Promise.allSettled(scripts.map((told, i) => isTrue(told, lanes[i]!)))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

test(
  'what is said in one way is heard in that way, and what is not is refused',
  () => fuzz(onLanes(script), allAreTrue),
  fuzzTimeoutMs,
)

test(
  'calls that are well made are served, all of them, in whatever pieces they come',
  () =>
    fuzz(onLanes(plainScript), async (scripts) => {
      const outcomes = await Promise.all(scripts.map((told, i) => isTrue(told, lanes[i]!, '')))
      expect(outcomes).toEqual(scripts.map(({ calls }) => calls.length + 1))
    }),
  fuzzTimeoutMs,
)

test('and nothing is left of it', async () => {
  await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0, { timeoutMs: 10_000 })
  await until(async () => (await stage.metric('gateway_connections')) === 0, { timeoutMs: 10_000 })
  expect(await stage.metric('gateway_thread_restarts')).toBe(0)
  expect(stage.gateway.output()).not.toMatch(/"problem":"internal"|"code":"internal"/)
})
