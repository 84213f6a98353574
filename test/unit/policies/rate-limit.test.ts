import { describe, expect, test } from '@jest/globals'
import { checkPolicyConfig } from '../../../policies/index.ts'
import type { Exchange, LimitClaim, Place } from '../../../policies/policy.ts'
import { rateLimit } from '../../../policies/rate-limit.ts'
import { compile, exchange, identity } from '../../support/policy-run.ts'

const known = (more: Parameters<typeof identity>[0] = {}) => exchange({}, { identity: identity(more) })

const limitOf = (config: object, place?: Place) =>
  compile(rateLimit, { limit: 10, ...config }, place && { place }).limit!
const claimOf = (config: object, x: Exchange, place?: Place): LimitClaim => limitOf(config, place).claimOf(x)

describe('rate-limit', () => {
  test('takes one call from the window, with a burst where there is one, or from the calendar', () => {
    const common = { limit: 10, cost: 1, isObserved: false, whenStoreFails: 'allow' }
    const whose = { owner: 'par_1', rule: 'live:ver_1:app_1' }
    expect(claimOf({ windowSeconds: 2 }, known())).toEqual({
      ...common,
      ...whose,
      kind: 'window',
      windowMs: 2_000,
    })
    expect(claimOf({ burst: 3 }, known())).toMatchObject({ kind: 'spread', burst: 3, windowMs: 60_000 })
    expect(claimOf({ isAligned: true }, known())).toMatchObject({
      kind: 'calendar',
      period: { unit: 'seconds', seconds: 60 },
    })
  })

  test('says what it allows, and tells whoever is refused', () => {
    const { name, parameters, refusal } = limitOf({ windowSeconds: 60 })
    expect(`"${name}"${parameters}`).toBe('"application";q=10;w=60')
    expect(refusal(7)).toMatchObject({
      code: 'rate-limited',
      retryAfterSeconds: 7,
      detail: expect.stringContaining('10 calls are allowed in 60 s.') as unknown as string,
    })
  })

  test('keeps applications apart, or counts all of a partner together', () => {
    const one = known()
    const two = known({ applicationId: 'app_2' })
    expect(claimOf({}, one)).not.toEqual(claimOf({}, two))
    expect(claimOf({ per: 'partner' }, one)).toEqual(claimOf({ per: 'partner' }, two))
    expect(claimOf({ per: 'partner' }, one).rule).toBe('live:ver_1:partner')
  })

  test('makes one claim for all calls of a caller', () => {
    const limit = limitOf({})
    expect(limit.claimOf(known())).toBe(limit.claimOf(known()))
    expect(limit.claimOf(known({ applicationId: 'app_2' }))).not.toBe(limit.claimOf(known()))
  })

  test('keeps sandbox and live apart', () => {
    const sandbox = exchange({}, { identity: identity(), environment: 'sandbox' })
    expect(claimOf({}, sandbox)).not.toEqual(claimOf({}, known()))
  })

  test('counts a plan once over the versions it covers', () => {
    const subscriptions = new Map([
      ['ver_1', { planId: 'plan_1', scopes: null }],
      ['ver_2', { planId: 'plan_1', scopes: null }],
    ])
    const x = known({ subscriptions })
    const first = claimOf({ per: 'plan' }, x, { level: 'plan', id: 'plan_1:ver_1' })
    const second = claimOf({ per: 'plan' }, x, { level: 'plan', id: 'plan_1:ver_2' })
    expect(first).toEqual(second)
    expect(claimOf({ per: 'plan' }, known())).toEqual(claimOf({}, known()))
  })

  test('keeps the operations of an application apart', () => {
    const pay = known()
    const other = known()
    other.route = { ...other.route!, operation: { ...other.route!.operation, id: 'getPayment' } }
    expect(claimOf({ per: 'operation' }, pay)).not.toEqual(claimOf({ per: 'operation' }, other))
    expect(claimOf({ per: 'operation' }, pay).owner).toBe('par_1')
  })

  test('counts callers without a credential, or all if told so, by address', () => {
    const expected = { owner: '192.0.2.7', rule: 'live:ver_1:address' }
    expect(claimOf({}, exchange())).toMatchObject(expected)
    expect(claimOf({ per: 'address' }, known())).toMatchObject(expected)
  })

  test('counts an IPv6 caller by its /64: it owns all addresses of it', () => {
    const ownerOf = (ip: string) => claimOf({}, exchange({ ip })).owner
    expect(ownerOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(ownerOf('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
    expect(ownerOf('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
  })

  describe('by what the request says', () => {
    const withPayer = (payer: string | undefined) =>
      exchange({ headers: payer === undefined ? {} : { 'x-payer': payer } }, { identity: identity() })
    const withBody = (body: string | undefined) =>
      exchange({ body: body === undefined ? undefined : Buffer.from(body) }, { identity: identity() })

    test('tells values of a header apart, and keeps none of them', () => {
      const per = { header: 'X-Payer' }
      const one = claimOf({ per }, withPayer('DE89370400440532013000'))
      expect(one).toEqual({ ...claimOf({ per }, withPayer('NL91ABNA0417164300-xx')), rule: one.rule })
      expect(one.rule).toBe('live:ver_1:header:x-payer:hash-of-22')
      expect(claimOf({ per }, withPayer('DE1')).rule).not.toBe(one.rule)
      expect(claimOf({ per }, withPayer(undefined)).rule).toBe('live:ver_1:header:x-payer')
      expect(one.owner).toBe('par_1')
    })

    test.each([
      ['a text', '{"payer":{"account":"DE1"}}', ':hash-of-4'],
      ['a number', '{"payer":{"account":12345}}', ':hash-of-6'],
      ['nothing there', '{"payer":{}}', ''],
      ['an object', '{"payer":{"account":{"iban":"DE1"}}}', ''],
      ['what every object has', '{"payer":{"__proto__":{"account":"x"}}}', ''],
      ['no JSON', 'account=DE1', ''],
      ['no body', undefined, ''],
    ])('tells values of a body apart: %s', (_what, body, rest) => {
      const per = { bodyPointer: '/payer/account' }
      expect(claimOf({ per }, withBody(body)).rule).toBe(`live:ver_1:body:/payer/account${rest}`)
    })

    test('has the body read only where it is needed', () => {
      const readsBody = (per: unknown) => compile(rateLimit, { limit: 1, per }).readsBody
      expect(['application', { header: 'X-Payer' }, { bodyPointer: '/a' }].map(readsBody)).toEqual([
        false,
        false,
        true,
      ])
    })
  })

  test('keeps its count when the numbers of the config change', () => {
    const before = claimOf({ limit: 10 }, known())
    const after = claimOf({ limit: 500, windowSeconds: 1 }, known())
    expect([after.owner, after.rule]).toEqual([before.owner, before.rule])
  })

  test.each([
    ['a burst above the limit', { limit: 2, burst: 3 }, '/burst'],
    ['a burst in aligned windows', { limit: 2, burst: 1, isAligned: true }, '/isAligned'],
    ['a name that is no header', { limit: 2, per: { header: 'a b' } }, '/per/header'],
    ['what is no pointer', { limit: 2, per: { bodyPointer: 'payer' } }, '/per/bodyPointer'],
  ])('refuses %s', (_what, config, pointer) => {
    expect(checkPolicyConfig('rate-limit', config).map((fault) => fault.pointer)).toEqual([pointer])
  })
})
