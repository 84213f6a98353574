import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Asking, asking, plainSaying, type Saying, saying, wordsOf } from '../support/fuzz/answers.ts'
import { judgeAnswer } from '../support/fuzz/judge-answer.ts'
import { fuzz, fuzzTimeoutMs } from '../support/fuzz/run.ts'
import { speak } from '../support/fuzz/speak.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { startStrictUpstream } from '../support/strict-upstream.ts'
import { until } from '../support/until.ts'

/**
 * Whatever a service answers, in whatever pieces: the partner gets that answer if it can be read in one way, or 502 or
 * 504, or an answer that visibly breaks; and nothing of it reaches the next call.
 */

interface Lane {
  readonly api: StagedApi
  /** For the next call; without, it is answered by its name. */
  saying: Saying | undefined
}

/** Of lanes, on each of which one speaks at a time. */
const letters = 'abcdefgh'

let stage: Stage
/** Of services that are not waited for long, as half of what is said never ends; and of others. */
let hasty: Lane[]
let patient: Lane[]
let calls = 0

beforeAll(async () => {
  stage = await startStage()
  hasty = await openLanes('hasty', 700)
  patient = await openLanes('patient', 20_000)
}, 180_000) // much is published, on a machine that may be busy
afterAll(() => stage?.close())

async function openLanes(name: string, waitMs: number) {
  const lanes: Lane[] = []
  for (const letter of letters) {
    const service = stage.keep(
      await startStrictUpstream(({ target }, socket) => void answer(lane, target, socket)),
    )
    const api = await stage.api(`${name}-${letter}`, {
      targets: [{ url: service.url, maxConnections: 1 }],
      upstream: {
        maxAttempts: 1,
        firstByteTimeoutMs: waitMs,
        idleTimeoutMs: waitMs,
        outliers: null,
        breaker: null,
      },
    })
    const lane: Lane = { api, saying: undefined }
    lanes.push(lane)
  }
  return lanes
}

async function answer(lane: Lane, target: string, socket: Socket) {
  const { saying: words } = lane
  lane.saying = undefined
  if (!words) return void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${target.length}\r\n\r\n${target}`)
  for (const piece of wordsOf(words).pieces) {
    socket.write(piece, 'latin1')
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (words.ending === 'ends') socket.end()
  if (words.ending === 'resets') socket.resetAndDestroy()
}

const ask = ({ api }: Lane, { method, version }: Asking, path: string) =>
  speak(stage.gateway.port, [
    api
      .head(method, method === 'POST' ? '/payment' : path, 'Content-Length: 0', 'Connection: close')
      .replace('HTTP/1.1', `HTTP/${version}`),
  ])

async function isTrue([asked, words]: [Asking, Saying], lane: Lane) {
  lane.saying = words
  const { said } = wordsOf(words)
  const spoken = await ask(lane, asked, '/accounts/1/balance')
  const shown = () => `\nsaid: ${shortened(said)}\ngot: ${shortened(spoken.text)} and ${spoken.ending}`
  try {
    const outcome = judgeAnswer(asked, said, words.ending === 'ends', spoken)
    await nextIsServed(lane)
    return outcome
  } catch (error) {
    throw new Error((error as Error).message + shown())
  }
}

/** Late where the machine has much to do; never wrong. */
async function nextIsServed(lane: Lane) {
  for (let tries = 3; ; tries--) {
    const path = `/accounts/${++calls}/balance`
    const { text } = await ask(lane, { method: 'GET', version: '1.1' }, path)
    if (text.endsWith(`\r\n\r\n${path}`)) return
    if (tries === 0 || !text.startsWith('HTTP/1.1 504 ')) throw new Error(`the next call got ${text}`)
  }
}

const shortened = (text: string) => JSON.stringify(text).replace(/x{50,}/g, (all) => `(${all.length} x)`)

const onLanes = (of: fc.Arbitrary<Saying>) =>
  fc.array(fc.tuple(asking, of), { minLength: 1, maxLength: letters.length, size: 'max' })

test(
  'an answer that can be read in one way passes, and any other is refused or visibly cut',
  () =>
    fuzz(onLanes(saying), async (all) => {
      const outcomes = await Promise.allSettled(all.map((one, i) => isTrue(one, hasty[i]!)))
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    }),
  fuzzTimeoutMs,
)

test(
  'answers that are well made pass, all of them, in whatever pieces they come',
  () =>
    fuzz(onLanes(plainSaying), async (all) => {
      const outcomes = await Promise.all(all.map((one, i) => isTrue(one, patient[i]!)))
      expect(outcomes).toEqual(all.map(() => 'passed'))
    }),
  fuzzTimeoutMs,
)

test('and nothing is left of it', async () => {
  await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0, { timeoutMs: 10_000 })
  expect(await stage.metric('gateway_thread_restarts')).toBe(0)
  expect(stage.gateway.output()).not.toMatch(/"problem":"internal"|"code":"internal"/)
})
