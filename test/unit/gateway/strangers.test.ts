import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
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
  const flood = (address: string, count: number) => {
    let asked = 0
    for (let i = 0; i < count; i++) {
      try {
        strangers.admit(address, () => hashOf(`${address} ${i}`))
      } catch (error) {
        expect(error).toMatchObject({ code: 'lookups-limited', retryAfterSeconds: 1 })
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
