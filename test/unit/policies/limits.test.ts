import { describe, expect, test } from '@jest/globals'
import { concurrency } from '../../../policies/concurrency.ts'
import { getHeader } from '../../../policies/header-list.ts'
import { checkPolicyConfig } from '../../../policies/index.ts'
import { settleLimits } from '../../../policies/limits/settle.ts'
import type { Deps, Limit, LimitAnswer, LimitClaim } from '../../../policies/policy.ts'
import { quota } from '../../../policies/quota.ts'
import { rateLimit } from '../../../policies/rate-limit.ts'
import { problem } from '../../../registry/base/problem.ts'
import { ask, compile, exchange, identity } from '../../support/policy-run.ts'

const known = () => exchange({}, { identity: identity() })
const rate = (more: object = {}) => compile(rateLimit, { limit: 10, ...more }).limit!
const daily = (more: object = {}) => compile(quota, { limit: 100, ...more }).limit!
const flight = (more: object = {}) => compile(concurrency, { limit: 3, ...more }).limit!

const taken: LimitAnswer = { isAllowed: true, isCounted: true, remaining: 7, retryAfterMs: 0, resetMs: 1_200 }
const full: LimitAnswer = {
  isAllowed: false,
  isCounted: true,
  remaining: 0,
  retryAfterMs: 1_500,
  resetMs: 60_000,
}

/** The limits of a route whose store answers so. */
const settled = (limits: Limit[], of: LimitAnswer[], release?: () => void) => {
  const isAllowed = of.every((answer, i) => answer.isAllowed || limits[i]!.isObserved)
  return settleLimits(limits, () => ({ isAllowed, of, release }))
}

describe('the limits of a call', () => {
  test('are taken in one step', () => {
    const asked: (readonly LimitClaim[])[] = []
    const hooks = settleLimits([rate(), daily(), flight()], (claims) => {
      asked.push(claims)
      return { isAllowed: true, of: [taken, taken, taken], release: undefined }
    })
    expect(hooks.onRequest!(known())).toBeUndefined()
    expect(asked.map((claims) => claims.map(({ kind }) => kind))).toEqual([['window', 'calendar', 'flight']])
  })

  test('say how much is left, in the headers of the draft and in the older ones', async () => {
    const x = known()
    await ask(settled([rate()], [taken]), x)
    expect(x.responseHeaders).toEqual([
      ...['RateLimit-Policy', '"application";q=10;w=60'],
      ...['RateLimit', '"application";r=7;t=2'],
      ...['X-RateLimit-Limit', '10', 'X-RateLimit-Remaining', '7', 'X-RateLimit-Reset', '2'],
    ])
    expect(x.notes).toEqual({ rateLimit: 'taken' })
  })

  test('are told as a list; the older headers speak of the one that leaves least', async () => {
    const x = known()
    const few = { ...taken, remaining: 2, resetMs: 3_600_000 }
    await ask(settled([rate(), daily(), flight()], [taken, few, { ...taken, remaining: 1 }]), x)
    expect(x.responseHeaders).toEqual([
      'RateLimit-Policy',
      '"application";q=10;w=60, "day";q=100;w=86400, "concurrency";q=3;qu="concurrent-requests"',
      'RateLimit',
      '"application";r=7;t=2, "day";r=2;t=3600, "concurrency";r=1',
      ...['X-RateLimit-Limit', '100', 'X-RateLimit-Remaining', '2', 'X-RateLimit-Reset', '3600'],
    ])
  })

  test.each([
    [1_500, 2],
    [1_000, 1],
    [3, 1],
    [0, 1],
  ])('refuse what is over one of them; %d ms are told as %d s', async (retryAfterMs, retryAfterSeconds) => {
    const x = known()
    const hooks = settled([rate()], [{ ...full, retryAfterMs }])
    await expect(ask(hooks, x)).rejects.toMatchObject({ code: 'rate-limited', retryAfterSeconds })
    expect(getHeader(x.responseHeaders, 'RateLimit')).toBe('"application";r=0;t=60')
    expect(x.notes.rateLimit).toBe('refused')
  })

  test('refuse in the name of the first, for as long as the last takes', async () => {
    const long = { ...full, retryAfterMs: 7_200_000 }
    const both = settled([rate(), daily()], [full, long])
    await expect(ask(both, known())).rejects.toMatchObject({ code: 'rate-limited', retryAfterSeconds: 7_200 })
    const x = known()
    await expect(ask(settled([rate(), daily()], [taken, long]), x)).rejects.toMatchObject({
      code: 'quota-exceeded',
      detail: expect.stringContaining('100 calls are allowed in a day (UTC).') as unknown as string,
    })
    expect(getHeader(x.responseHeaders, 'X-RateLimit-Limit')).toBe('100')
    const busy = settled([flight()], [{ ...full, retryAfterMs: 50 }])
    await expect(ask(busy, known())).rejects.toMatchObject({
      code: 'concurrency-exceeded',
      retryAfterSeconds: 1,
    })
  })

  test('that are observed refuse nothing, show nothing, and say what they would have done', async () => {
    const x = known()
    const observed = { mode: 'observe' }
    await ask(settled([rate(observed), daily(), flight(observed)], [full, taken, full]), x)
    expect(getHeader(x.responseHeaders, 'RateLimit-Policy')).toBe('"day";q=100;w=86400')
    expect(getHeader(x.responseHeaders, 'RateLimit')).toBe('"day";r=7;t=2')
    expect(x.notes).toEqual({
      rateLimit: 'refused',
      quota: 'taken',
      concurrency: 'refused',
      wouldRefuse: 'rate-limit concurrency',
    })
    const quiet = known()
    await ask(settled([rate(observed)], [taken]), quiet)
    expect(quiet.responseHeaders).toEqual([])
  })

  test('show nothing of what is not counted, as the store is away', async () => {
    const x = known()
    await ask(settled([rate()], [{ ...taken, isCounted: false }]), x)
    expect(x.responseHeaders).toEqual([])
    expect(x.notes.rateLimit).toBe('uncounted')
  })

  test.each<[string, Deps['takeLimits']]>([
    [
      'at once',
      () => {
        throw problem('store-unavailable')
      },
    ],
    ['later', () => Promise.reject(problem('store-unavailable'))],
  ])('refuse with the store where they are told to (%s)', async (_when, takeLimits) => {
    const hooks = settleLimits([rate()], takeLimits)
    await expect(ask(hooks, known())).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('drop what the service says of limits, unless they are only observed', () => {
    const headers = ['X-RateLimit-Limit', '5', 'RateLimit', '"a";r=1', 'ETag', '"1"']
    const x = exchange({}, { response: { status: 200, headers } })
    expect(settled([rate({ mode: 'observe' })], [taken]).onResponse).toBeUndefined()
    settled([rate()], [taken]).onResponse!(x)
    expect(headers).toEqual(['ETag', '"1"'])
  })
})

describe('what is held while a call lasts', () => {
  test('is given back at its end, once', async () => {
    let released = 0
    const x = known()
    const hooks = settled([flight()], [taken], () => released++)
    await ask(hooks, x)
    expect(released).toBe(0)
    hooks.onEnd!(x)
    hooks.onEnd!(x)
    expect(released).toBe(1)
  })

  test('is given back at once when the call has ended before it was given', async () => {
    let released = 0
    const given = Promise.withResolvers<Awaited<ReturnType<Deps['takeLimits']>>>()
    const hooks = settleLimits([flight()], () => given.promise)
    const x = known()
    const asked = ask(hooks, x)
    hooks.onEnd!(x)
    given.resolve({ isAllowed: true, of: [taken], release: () => released++ })
    await asked
    expect(released).toBe(1)
  })
})

describe('quota', () => {
  test('counts by the calendar of a time zone', () => {
    const claim = daily({ period: 'month', timeZone: 'Europe/Berlin' }).claimOf(known())
    expect(claim).toMatchObject({
      kind: 'calendar',
      limit: 100,
      period: { unit: 'month', timeZone: 'Europe/Berlin' },
    })
    expect(checkPolicyConfig('quota', { limit: 1, timeZone: 'Mars/Olympus' })).toEqual([
      { pointer: '/timeZone', detail: 'a time zone, e.g. Europe/Berlin' },
    ])
  })
})
