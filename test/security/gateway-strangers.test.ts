import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newSecret } from '../../registry/base/secrets.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { addPartner } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call } from '../support/wire.ts'

/** Anyone can make up well-formed keys, each of which would be a question to Redis. */

let stage: Stage
let echo: Echo
let api: StagedApi
beforeAll(async () => {
  stage = await startStage({ GATEWAY_THREADS: '1', GATEWAY_FAILED_LOOKUPS_PER_SECOND: '1' })
  echo = stage.keep(await startEcho())
  api = await stage.api('strangers', { targets: [{ url: echo.url }] })
}, 60_000)
afterAll(() => stage?.close())

const ask = (key: string) => call(`${api.url}/accounts/1/balance`, { headers: { 'x-api-key': key } })

test('a flood of unknown keys is refused without asking Redis; a partner behind the same address goes on', async () => {
  expect((await ask(api.key)).status).toBe(200)
  let answer = await ask(newSecret('api-key:live'))
  expect(answer.status).toBe(401)
  for (let i = 0; i < 2_000 && answer.status === 401; i++) answer = await ask(newSecret('api-key:live'))
  expect(answer.status).toBe(429)
  expect(answer.json().code).toBe('lookups-limited')
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(await stage.metric('gateway_lookups_refused_total')).toBeGreaterThan(0)
  expect((await ask(api.key)).status).toBe(200)
})

test('a partner whose key was never seen here comes in while the flood goes on', async () => {
  const { key } = await addPartner(stage.platform.registry, 'newcomer', api.versionId)
  let isOver = false
  const flood = (async () => {
    while (!isOver) await ask(newSecret('api-key:live'))
  })()
  await until(async () => (await ask(newSecret('api-key:live'))).status === 429)
  const first = await ask(key)
  expect(first.status).toBe(429)
  await wait(Number(first.headers['retry-after']) * 1_000) // as it says
  await until(async () => (await ask(key)).status === 200, { timeoutMs: 15_000, everyMs: 500 })
  isOver = true
  await flood
}, 40_000)
