import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createKnown, createStrangers } from '../../../gateway/strangers.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64url')

function setUp(known = createKnown()) {
  const world = { now: 1_000_000, refused: 0 }
  const strangers = createStrangers({
    perNetwork: 2,
    inAll: 10,
    known,
    now: () => world.now,
    onRefused: () => world.refused++,
  })
  /** @returns how many of so many made-up credentials were asked for */
  const flood = (address: string, count: number, from = 0) => {
    let asked = 0
    for (let i = from; i < from + count; i++) {
      try {
        strangers.admit(address, () => hashOf(`${address} ${i}`))
      } catch (error) {
        expect(error).toMatchObject({ code: 'lookups-limited', retryAfterSeconds: 2 })
        continue
      }
      strangers.failed(address)
      asked++
    }
    return asked
  }
  return { world, strangers, flood }
}

test('a network has ten seconds’ worth saved up, then its rate', () => {
  const { world, flood } = setUp()
  expect(flood('192.0.2.1', 100)).toBe(20)
  expect(world.refused).toBe(80)
  world.now += 1_000
  expect(flood('192.0.2.1', 100)).toBe(2)
  expect(flood('192.0.2.2', 100)).toBe(20)
})

test('addresses of one /64 share a budget', () => {
  const { flood } = setUp()
  expect(flood('2001:db8::1', 20)).toBe(20)
  expect(flood('2001:db8::ffff', 20)).toBe(0)
  expect(flood('2001:db8:0:1::1', 20)).toBe(20)
})

test('all networks together have one, too', () => {
  const { flood } = setUp()
  let asked = 0
  for (let i = 0; i < 50; i++) asked += flood(`192.0.2.${i}`, 20)
  expect(asked).toBe(100)
})

test('good credentials cost nothing', () => {
  const { strangers } = setUp()
  for (let i = 0; i < 1_000; i++) {
    strangers.admit('192.0.2.1', () => hashOf('good'))
    strangers.succeeded(hashOf('good'))
  }
})

test('what was good before, in any thread, passes in the midst of a flood', () => {
  const known = createKnown()
  setUp(known).strangers.succeeded(hashOf('good'))
  const { strangers, flood } = setUp(known)
  flood('192.0.2.1', 100)
  expect(() => strangers.admit('192.0.2.1', () => hashOf('good'))).not.toThrow()
  expect(() => strangers.admit('192.0.2.1', () => hashOf('bad'))).toThrow()
})

test('a clock that goes back fills nothing and takes nothing', () => {
  const { world, flood } = setUp()
  expect(flood('192.0.2.1', 10)).toBe(10)
  world.now -= 60_000
  expect(flood('192.0.2.1', 100)).toBe(10)
})

describe('a good credential that is new, in the midst of a flood', () => {
  const good = () => hashOf('good')
  /** Lets a second pass in which so many made-up ones come. @returns how many of them were asked for */
  const second = ({ world, flood }: ReturnType<typeof setUp>, from: number, count = 100) => {
    world.now += 1_000
    return flood('192.0.2.1', count, from)
  }

  test('gets in when it comes again, as the refusal says', () => {
    const all = setUp()
    all.flood('192.0.2.1', 1_000)
    expect(() => all.strangers.admit('192.0.2.1', good)).toThrow()
    let asked = 0
    for (let i = 1; i <= 2; i++) asked += second(all, i * 10_000)
    expect(() => all.strangers.admit('192.0.2.1', good)).not.toThrow()
    expect(asked).toBe(4) // no more than without
  })

  test('is forgotten after a quarter of a minute', () => {
    const all = setUp()
    all.flood('192.0.2.1', 1_000)
    expect(() => all.strangers.admit('192.0.2.1', good)).toThrow()
    for (let i = 1; i <= 17; i++) second(all, i * 10_000)
    expect(() => all.strangers.admit('192.0.2.1', good)).toThrow()
  })

  test('costs the store no more where the flood comes again, too', () => {
    const all = setUp()
    let asked = 0
    for (let i = 0; i < 100; i++) asked += second(all, 0)
    expect(asked).toBeLessThanOrEqual(20 + 2 + 100 * 2 + 2)
  })
})
