import { describe, expect, test } from '@jest/globals'
import { getHeader } from '../../../policies/header-list.ts'
import { phantomToken } from '../../../policies/phantom-token.ts'
import type { Deps, Exchange, Identity } from '../../../policies/policy.ts'
import { compile, exchange, grant, identity, route } from '../../support/policy-run.ts'

const upstream = { id: 'ups_1', name: 'payments' } as Exchange['upstream']

function stage(config: unknown = {}, more: Partial<Deps> = {}) {
  const clock = { ms: 1_000_000 }
  const signed: Record<string, unknown>[] = []
  const deps: Partial<Deps> = {
    now: () => clock.ms,
    signJwt: async (claims) => {
      signed.push(claims as Record<string, unknown>)
      return `jwt-${signed.length}`
    },
    ...more,
  }
  const hooks = compile(phantomToken, config, deps)
  const send = (who: Identity | undefined, headers: string[] = [], versionId = 'ver_1') => {
    const outgoing = { method: 'GET', path: '/', headers: [...headers] }
    const x = exchange({}, { identity: who, outgoing, upstream, route: route({ versionId }) })
    const outcome = hooks.onUpstream!(x)
    return { outcome, headers: outgoing.headers }
  }
  return { clock, signed, send }
}

describe('phantom-token', () => {
  test('tells the service who calls with an API key', async () => {
    const { send, signed } = stage()
    const { outcome, headers } = send(identity())
    await outcome
    expect(headers).toEqual(['authorization', 'Bearer jwt-1'])
    expect(signed[0]).toEqual({
      iss: 'https://api.bank.example',
      aud: 'payments',
      iat: 1_000,
      exp: 1_060,
      jti: expect.stringMatching(/^jti_/),
      sub: 'app_1',
      client_id: 'crd_1',
      partner_id: 'par_1',
      application_id: 'app_1',
      environment: 'live',
    })
  })

  test('tells the person, the actor and the scopes that a token and the subscription have in common', async () => {
    const { send, signed } = stage({ audience: 'urn:ledger' })
    const who = identity({
      method: 'bearer',
      scopes: new Set(['pay', 'read']),
      subscriptions: new Map([['ver_1', { planId: null, scopes: new Set(['pay', 'other']) }]]),
      grant: grant({ subject: 'ada', actor: { sub: 'app_2' } }),
    })
    await send(who).outcome
    expect(signed[0]).toMatchObject({ aud: 'urn:ledger', sub: 'ada', scope: 'pay', act: { sub: 'app_2' } })
  })

  test('does not pass off a person, an actor or a consent of another issuer as ours', async () => {
    const { send, signed } = stage()
    const authorizationDetails = [
      {
        type: 'payment_initiation' as const,
        instructedAmount: { currency: 'EUR', amount: '1.00' },
        creditorName: 'Shop',
        creditorAccount: { iban: 'DE02120300000000202051' },
      },
    ]
    const given = { subject: 'ada', actor: { sub: 'app_2' }, authorizationDetails }
    await send(identity({ grant: grant(given) })).outcome
    await send(identity({ grant: grant({ ...given, issuerId: 'iss_1' }) })).outcome
    expect(signed[0]).toMatchObject({
      sub: 'ada',
      act: { sub: 'app_2' },
      authorization_details: authorizationDetails,
    })
    expect(signed[1]).toMatchObject({ sub: 'iss_1:ada' })
    expect(Object.keys(signed[1]!)).not.toEqual(expect.arrayContaining(['act']))
    expect(Object.keys(signed[1]!)).not.toEqual(expect.arrayContaining(['authorization_details']))
  })

  test('waits for nothing once there is a token, and signs anew in time while the old one is used', async () => {
    const { send, signed, clock } = stage()
    const who = identity()
    await Promise.all([send(who).outcome, send(who).outcome])
    expect(signed).toHaveLength(1)
    clock.ms += 29_999
    expect(send(who)).toEqual({ outcome: undefined, headers: ['authorization', 'Bearer jwt-1'] })
    expect(signed).toHaveLength(1)
    clock.ms += 1
    expect(send(who)).toEqual({ outcome: undefined, headers: ['authorization', 'Bearer jwt-1'] })
    expect(send(who).outcome).toBeUndefined()
    await Promise.resolve()
    expect(signed).toHaveLength(2)
    expect(send(who).headers).toEqual(['authorization', 'Bearer jwt-2'])
  })

  test('does not use one that is about to end', async () => {
    const { send, clock } = stage()
    const who = identity()
    await send(who).outcome
    clock.ms += 55_000
    const late = send(who)
    expect(late.outcome).toBeInstanceOf(Promise)
    await late.outcome
    expect(late.headers).toEqual(['authorization', 'Bearer jwt-2'])
  })

  test('never outlives what the caller presented, and is then signed once to its end', async () => {
    const { send, signed, clock } = stage()
    const who = identity({ expiresAt: 1_020_900 })
    await send(who).outcome
    expect(signed[0]!.exp).toBe(1_020)
    clock.ms = 1_019_999
    expect(send(who).outcome).toBeUndefined()
    expect(signed).toHaveLength(1)
  })

  test('has one for each caller and version', async () => {
    const { send, signed } = stage()
    const [one, two] = [identity(), identity()]
    await send(one).outcome
    await send(two).outcome
    await send(one, [], 'ver_2').outcome
    expect(signed).toHaveLength(3)
  })

  test.each([['X-Identity'], ['x_identity'], ['X-IDENTITY']])(
    'takes away what a caller sent as %s, known or not',
    async (name) => {
      const { send } = stage({ header: 'x-identity', scheme: null })
      expect(send(undefined, [name, 'forged']).headers).toEqual([])
      const known = send(identity(), ['accept', '*/*', name, 'forged'])
      await known.outcome
      expect(known.headers).toEqual(['accept', '*/*', 'x-identity', 'jwt-1'])
    },
  )

  test('refuses the call when it cannot be signed, and tries again with the next', async () => {
    let isReady = false
    const { send } = stage(
      {},
      { signJwt: async () => (isReady ? 'jwt' : Promise.reject(new Error('no key'))) },
    )
    const who = identity()
    await expect(send(who).outcome).rejects.toThrow('no key')
    isReady = true
    const { outcome, headers } = send(who)
    await outcome
    expect(getHeader(headers, 'authorization')).toBe('Bearer jwt')
  })

  test.each(['host', 'x-gateway-partner', 'Authorization', 'transfer-encoding'])(
    'is not sent as %s',
    (header) => {
      expect(() => compile(phantomToken, { header })).toThrow()
    },
  )
})
