import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rollback } from '../../registry/snapshot.ts'
import { type Editions, startEditions } from '../support/editions.ts'
import { startLoad } from '../support/load.ts'
import { tester } from '../support/platform.ts'

let editions: Editions
beforeAll(async () => {
  editions = await startEditions()
}, 60_000)
afterAll(() => editions?.close())

describe('publishing', () => {
  test('100 times under load fails no call, and every thread serves each within a second', async () => {
    const load = startLoad({ workers: 12, call: editions.call })
    for (let n = 1; n <= 100; n++) {
      await editions.servesSoon(await editions.publish(n))
      expect(await editions.pathsSeen()).toEqual(new Set([`/edition-${n}/accounts/1/balance`]))
    }
    await load.stop()
    expect(load.faults).toEqual([])
    expect(load.total()).toBeGreaterThan(1_000)
  }, 120_000)

  test('publishes in quick succession end with the last one', async () => {
    let last = 0
    for (let n = 200; n < 220; n++) last = await editions.publish(n)
    await editions.servesSoon(last)
    expect(await editions.pathsSeen()).toEqual(new Set(['/edition-219/accounts/1/balance']))
  })

  test('a rollback is served by every thread within a second', async () => {
    const before = await editions.publish(300)
    await editions.servesSoon(await editions.publish(301))
    await rollback(editions.platform.registry, tester, before)
    await editions.servesSoon(before)
    expect(await editions.pathsSeen()).toEqual(new Set(['/edition-300/accounts/1/balance']))
  })
})
