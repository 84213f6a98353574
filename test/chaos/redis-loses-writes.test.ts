import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Editions, startEditions } from '../support/editions.ts'
import { until } from '../support/until.ts'

let editions: Editions
beforeAll(async () => {
  // Without the append-only file: what was not saved is lost with the process.
  editions = await startEditions({ redis: { args: ['--appendonly', 'no'] } })
}, 60_000)
afterAll(() => editions?.close())

/** Whether all threads serve that edition, and no other. */
const isSeen = (paths: Set<string>, n: number) => [...paths].join() === `/edition-${n}/accounts/1/balance`

test('a Redis that comes back without its newest writes: what is published then is served, under a number that was in use too', async () => {
  await editions.platform.registry.redis.save()
  const lost = await editions.publish(1)
  await until(async () => isSeen(await editions.pathsSeen(), 1))

  await editions.platform.redis.kill()
  expect(isSeen(await editions.pathsSeen(), 1)).toBe(true)
  await editions.platform.redis.start()
  const again = await until(() => editions.publish(2), { timeoutMs: 20_000 })
  expect(again).toBe(lost)
  await until(async () => isSeen(await editions.pathsSeen(), 2), { timeoutMs: 20_000 })
}, 60_000)
