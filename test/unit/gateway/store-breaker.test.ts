import { describe, expect, test } from '@jest/globals'
import { createStoreBreaker } from '../../../gateway/store-breaker.ts'
import { problem } from '../../../registry/base/problem.ts'
import { until } from '../../support/until.ts'

function setUp() {
  const world = { now: 0, isBack: false, failures: 0, pings: 0 }
  const breaker = createStoreBreaker({
    ping: async () => {
      world.pings++
      if (!world.isBack) throw problem('store-unavailable')
    },
    slowMs: 500,
    onFailure: () => world.failures++,
    now: () => world.now,
    everyMs: 1,
  })
  const failAfter = (ms: number, code: 'store-unavailable' | 'internal' = 'store-unavailable') =>
    breaker.ask(async () => {
      world.now += ms
      throw problem(code)
    })
  return { world, breaker, failAfter }
}

describe('store breaker', () => {
  test('after one question waited for in vain no further one is asked, until Redis answers', async () => {
    const { world, breaker, failAfter } = setUp()
    await expect(failAfter(500)).rejects.toMatchObject({ code: 'store-unavailable' })
    let asked = 0
    const question = async () => ++asked
    await expect(breaker.ask(question)).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(asked).toBe(0)
    expect(world.failures).toBe(2)
    world.isBack = true
    await until(() => !breaker.isOpen)
    expect(await breaker.ask(question)).toBe(1)
  })

  test('what is refused at once, or for another reason, closes the way for nobody', async () => {
    const { world, breaker, failAfter } = setUp()
    await expect(failAfter(0)).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(failAfter(1_000, 'internal')).rejects.toMatchObject({ code: 'internal' })
    expect(breaker.isOpen).toBe(false)
    expect(world.failures).toBe(1)
  })

  test('asks no more when it was ended', async () => {
    const { world, breaker, failAfter } = setUp()
    await expect(failAfter(500)).rejects.toThrow()
    breaker.end()
    await until(() => !breaker.isOpen)
    const { pings } = world
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.pings).toBe(pings)
  })
})
