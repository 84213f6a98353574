import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { OAuthRequest } from '../../policies/oauth2/index.ts'
import type { PeopleDeps } from '../../policies/oauth2/people/index.ts'
import { beginAttempt } from '../../policies/oauth2/people/tries.ts'
import { memoryOnce } from '../support/oauth-store.ts'

const minutes = 60_000

/** The counts of failures, over maps and a clock of its own. */
function guard() {
  const clock = { now: 1_000_000 }
  const { once, kept } = memoryOnce(() => clock.now)
  const counts = new Map<string, { used: number; until: number }>()
  const deps = {
    issuer: 'https://api.bank.example',
    now: () => clock.now,
    once,
    hash: (text: string) => createHmac('sha256', 'key').update(text).digest('base64url'),
    takeTokens({ owner, rule, limit, windowMs, cost }) {
      const name = `${owner} ${rule}`
      const old = counts.get(name)
      const entry = old && old.until > clock.now ? old : { used: 0, until: clock.now + windowMs }
      const left = { resetMs: entry.until - clock.now, retryAfterMs: entry.until - clock.now }
      if (entry.used + cost > limit) return { isAllowed: false, remaining: 0, ...left }
      entry.used += cost
      if (cost > 0) counts.set(name, entry)
      return { isAllowed: true, remaining: limit - entry.used, ...left, retryAfterMs: 0 }
    },
    giveBack: async ({ owner, rule, cost }) => {
      counts.get(`${owner} ${rule}`)!.used -= cost
    },
    record: async () => {},
    forgive: async ({ owner, rule }) => void counts.delete(`${owner} ${rule}`),
  } as Partial<PeopleDeps> as PeopleDeps
  const from = (ip: string, cookie?: string) =>
    ({ ip, headers: cookie === undefined ? {} : { cookie } }) as unknown as OAuthRequest
  const attempt = (name: string, ip = '192.0.2.7', cookie?: string) =>
    beginAttempt(deps, from(ip, cookie), name)
  const fails = async (times: number, name: string, ip = '192.0.2.7', cookie?: string) => {
    let let_through = 0
    for (let i = 0; i < times; i++) {
      const one = await attempt(name, ip, cookie)
      if ('retryAfterMs' in one) continue
      let_through++
      await one.failed()
    }
    return let_through
  }
  const succeeds = async (name: string, ip = '192.0.2.7', cookie?: string) => {
    const one = await attempt(name, ip, cookie)
    return 'retryAfterMs' in one ? undefined : (await one.succeeded()).split(';')[0]!
  }
  return { clock, attempt, fails, succeeds, counts, kept }
}

describe('guessing a password', () => {
  test('is let through ten times from one place, then for 30 minutes not at all', async () => {
    const { clock, fails, attempt } = guard()
    expect(await fails(30, 'ada')).toBe(10)
    expect(await attempt('ada')).toEqual({ retryAfterMs: 30 * minutes })
    clock.now += 30 * minutes - 1
    expect(await fails(1, 'ada')).toBe(0)
    clock.now += 1
    expect(await fails(1, 'ada')).toBe(1)
  })

  test('is locked for the whole time, also when the tries were spread', async () => {
    const { clock, fails, attempt } = guard()
    for (let i = 0; i < 10; i++) {
      await fails(1, 'ada')
      clock.now += 2 * minutes
    }
    expect(await attempt('ada')).toEqual({ retryAfterMs: 28 * minutes })
  })

  test('counts the same name in any case, width and with spaces around it', async () => {
    const { fails } = guard()
    for (const name of ['ada', 'ADA', ' Ada ', 'ａｄａ', 'aDa']) await fails(2, name)
    expect(await fails(1, 'ada')).toBe(0)
  })

  test('of a name that nobody has looks just like it', async () => {
    const { fails, attempt } = guard()
    expect(await fails(30, 'nobody')).toBe(10)
    expect(await attempt('nobody')).toEqual({ retryAfterMs: 30 * minutes })
  })

  test('from many places is let through thirty times in all', async () => {
    const { fails } = guard()
    let through = 0
    for (let i = 1; i <= 20; i++) through += await fails(10, 'ada', `198.51.100.${i}`)
    expect(through).toBe(30)
  })

  test('does not lock out who it is about: not in a browser that the account has signed in with', async () => {
    const { fails, succeeds } = guard()
    const device = await succeeds('ada')
    for (let i = 1; i <= 20; i++) await fails(10, 'ada', `198.51.100.${i}`)
    await fails(10, 'ada', '192.0.2.7') // from the same network, too
    expect(await succeeds('ada')).toBeUndefined()
    expect(await succeeds('ada', '192.0.2.7', device)).toBeDefined()
    expect(await succeeds('ada', '203.0.113.9', device)).toBeDefined()
  })

  test('is not what somebody does who signs in well, in however many browsers', async () => {
    const { succeeds } = guard()
    for (let i = 1; i <= 40; i++) expect(await succeeds('ada', `198.51.100.${i}`)).toBeDefined()
  })

  test('in such a browser is let through ten times as well', async () => {
    const { fails, succeeds } = guard()
    const device = await succeeds('ada')
    let through = 0
    for (let i = 1; i <= 5; i++) through += await fails(10, 'ada', `198.51.100.${i}`, device)
    expect(through).toBe(10)
  })

  test('with the browser of another account gains nothing', async () => {
    const { fails, succeeds } = guard()
    const device = await succeeds('eve')
    let through = 0
    for (let i = 1; i <= 20; i++) through += await fails(10, 'ada', `198.51.100.${i}`, device)
    expect(through).toBe(30)
    const forged = device!.replace(/\.[^.]*$/, `.${'x'.repeat(43)}`)
    expect(await fails(5, 'ada', '203.0.113.1', forged)).toBe(0)
  })

  test('of many accounts from one network is let through 300 times', async () => {
    const { fails } = guard()
    let through = 0
    for (let i = 0; i < 400; i++) through += await fails(1, `person-${i}`)
    expect(through).toBe(300)
    expect(await fails(1, 'another', '198.51.100.1')).toBe(1)
  })

  test('leaves no count for the names that come after', async () => {
    const { fails, counts } = guard()
    for (let i = 0; i < 300; i++) await fails(1, `person-${i}`)
    const before = counts.size
    for (let i = 0; i < 50; i++) await fails(1, `late-${i}`)
    expect(counts.size).toBe(before)
  })

  test('is forgiven with the right password', async () => {
    const { fails, succeeds } = guard()
    for (let i = 0; i < 3; i++) {
      expect(await fails(9, 'ada')).toBe(9)
      expect(await succeeds('ada')).toBeDefined()
    }
  })

  test('is not what happens while nobody can be asked', async () => {
    const { attempt, fails } = guard()
    for (let i = 0; i < 50; i++) {
      const one = await attempt('ada')
      if ('retryAfterMs' in one) throw new Error('held')
      await one.unanswered()
    }
    expect(await fails(30, 'ada')).toBe(10)
  })

  test('names nobody in the store', async () => {
    const { fails, counts, kept } = guard()
    await fails(10, 'ada')
    expect([...counts.keys(), ...kept.keys()].join(' ')).not.toMatch(/\bada\b/)
  })
})
