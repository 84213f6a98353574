import { describe, expect, test } from '@jest/globals'
import { getHeader } from '../../../policies/header-list.ts'
import { checkPolicyConfig } from '../../../policies/index.ts'
import type { Deps, Exchange, LimitAnswer, LimitTake } from '../../../policies/policy.ts'
import { rateLimit } from '../../../policies/rate-limit.ts'
import { problem } from '../../../registry/base/problem.ts'
import { ask, compile, exchange, identity } from '../../support/policy-run.ts'

const known = (more: Parameters<typeof identity>[0] = {}) => exchange({}, { identity: identity(more) })
const taken: LimitAnswer = { isAllowed: true, remaining: 7, retryAfterMs: 0, resetMs: 1_200 }
const full: LimitAnswer = { isAllowed: false, remaining: 0, retryAfterMs: 1_500, resetMs: 60_000 }

/** The one take that a call under this config makes. */
async function takeOf(config: object, x: Exchange, place?: Deps['place']): Promise<LimitTake> {
  const takes: LimitTake[] = []
  const hooks = compile(
    rateLimit,
    { limit: 10, ...config },
    {
      ...(place && { place }),
      takeTokens: (take) => {
        takes.push(take)
        return taken
      },
    },
  )
  await ask(hooks, x)
  expect(takes).toHaveLength(1)
  return takes[0]!
}

describe('rate-limit', () => {
  test('tells how much is left, in the headers of the draft and in the older ones', async () => {
    const x = known()
    await ask(compile(rateLimit, { limit: 10 }, { takeTokens: () => taken }), x)
    expect(x.responseHeaders).toEqual([
      'RateLimit-Policy',
      '"application";q=10;w=60',
      'RateLimit',
      '"application";r=7;t=2',
      'X-RateLimit-Limit',
      '10',
      'X-RateLimit-Remaining',
      '7',
      'X-RateLimit-Reset',
      '2',
    ])
    expect(x.notes).toEqual({ rateLimit: 'taken', rateLimitPer: 'application' })
  })

  test.each([
    [1_500, 2],
    [1_000, 1],
    [3, 1],
    [0, 1],
  ])('refuses what is over the limit; %d ms are told as %d s', async (retryAfterMs, retryAfterSeconds) => {
    const x = known()
    const hooks = compile(rateLimit, { limit: 10 }, { takeTokens: async () => ({ ...full, retryAfterMs }) })
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'rate-limited', retryAfterSeconds })
    expect(getHeader(x.responseHeaders, 'RateLimit')).toBe('"application";r=0;t=60')
    expect(x.notes.rateLimit).toBe('refused')
  })

  test('answers at once when the answer is at hand', () => {
    expect(compile(rateLimit, { limit: 10 }, { takeTokens: () => taken }).onRequest!(known())).toBeUndefined()
    const hooks = compile(rateLimit, { limit: 10 }, { takeTokens: () => full })
    expect(() => hooks.onRequest!(known())).toThrow('10 calls are allowed in 60 s.')
  })

  test('takes one call from the window, with a burst where there is one', async () => {
    expect(await takeOf({ windowSeconds: 2 }, known())).toEqual({
      owner: 'par_1',
      rule: 'live:ver_1:app_1',
      limit: 10,
      windowMs: 2_000,
      cost: 1,
    })
    expect(await takeOf({ burst: 3 }, known())).toMatchObject({ burst: 3 })
  })

  test('keeps applications apart, or counts all of a partner together', async () => {
    const one = known()
    const two = known({ applicationId: 'app_2' })
    expect(await takeOf({}, one)).not.toEqual(await takeOf({}, two))
    expect(await takeOf({ per: 'partner' }, one)).toEqual(await takeOf({ per: 'partner' }, two))
  })

  test('keeps sandbox and live apart', async () => {
    const sandbox = exchange({}, { identity: identity(), environment: 'sandbox' })
    expect(await takeOf({}, sandbox)).not.toEqual(await takeOf({}, known()))
  })

  test('counts a plan once over the versions it covers', async () => {
    const subscriptions = new Map([
      ['ver_1', { planId: 'plan_1', scopes: null }],
      ['ver_2', { planId: 'plan_1', scopes: null }],
    ])
    const x = known({ subscriptions })
    const first = await takeOf({ per: 'plan' }, x, { level: 'plan', id: 'plan_1:ver_1' })
    const second = await takeOf({ per: 'plan' }, x, { level: 'plan', id: 'plan_1:ver_2' })
    expect(first).toEqual(second)
    expect(await takeOf({ per: 'plan' }, known())).toEqual(await takeOf({}, known()))
  })

  test('counts callers without a credential, or all if told so, by address', async () => {
    const expected = { owner: '192.0.2.7', rule: 'live:ver_1:address' }
    expect(await takeOf({}, exchange())).toMatchObject(expected)
    expect(await takeOf({ per: 'address' }, known())).toMatchObject(expected)
  })

  test('counts an IPv6 caller by its /64: it owns all addresses of it', async () => {
    const ownerOf = async (ip: string) => (await takeOf({}, exchange({ ip }))).owner
    expect(await ownerOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(await ownerOf('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
    expect(await ownerOf('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
  })

  test('keeps its count when the numbers of the config change', async () => {
    const before = await takeOf({ limit: 10 }, known())
    const after = await takeOf({ limit: 500, windowSeconds: 1 }, known())
    expect([after.owner, after.rule]).toEqual([before.owner, before.rule])
  })

  const storeAway = problem('store-unavailable')
  test.each([
    [
      'at once',
      () => {
        throw storeAway
      },
    ],
    ['later', () => Promise.reject(storeAway)],
  ])('while the store is away (told %s), allows or refuses as configured', async (_when, takeTokens) => {
    const x = known()
    await expect(ask(compile(rateLimit, { limit: 1 }, { takeTokens }), x)).resolves.toBeUndefined()
    expect(x.notes.rateLimit).toBe('uncounted')
    expect(x.responseHeaders).toEqual([])
    const refusing = compile(rateLimit, { limit: 1, whenStoreFails: 'refuse' }, { takeTokens })
    await expect(ask(refusing, known())).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('does not take a fault of our own for an absent store', async () => {
    const takeTokens = () => Promise.reject(new TypeError('x is not a function'))
    await expect(ask(compile(rateLimit, { limit: 1 }, { takeTokens }), known())).rejects.toThrow(TypeError)
  })

  test('drops the limits that the service speaks of', () => {
    const headers = ['X-RateLimit-Limit', '5', 'RateLimit', '"a";r=1', 'ETag', '"1"']
    compile(rateLimit, { limit: 1 }).onResponse!(exchange({}, { response: { status: 200, headers } }))
    expect(headers).toEqual(['ETag', '"1"'])
  })

  test('refuses a burst above the limit', () => {
    expect(checkPolicyConfig('rate-limit', { limit: 2, burst: 3 })).toMatchObject([{ pointer: '/burst' }])
  })
})
