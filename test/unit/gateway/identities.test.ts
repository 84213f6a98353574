import { describe, expect, test } from '@jest/globals'
import { createIdentities, type IdentitiesParts } from '../../../gateway/identities.ts'
import type { Identity } from '../../../policies/policy.ts'
import { problem } from '../../../registry/base/problem.ts'

const someone: Identity = {
  partnerId: 'partner_1',
  applicationId: 'app_1',
  credentialId: 'cred_1',
  environment: 'live',
  secretId: null,
  method: 'bearer',
  scopes: undefined,
  subscriptions: new Map(),
  grant: undefined,
  expiresAt: Number.POSITIVE_INFINITY,
}

function setUp(overrides: Partial<IdentitiesParts> = {}) {
  const world = {
    now: 100_000,
    /** How wrong the wall clock is. */
    clockError: 0,
    contactAt: 100_000,
    asked: 0,
    answer: async (): Promise<Identity | undefined> => someone,
  }
  const cache = createIdentities({
    strangers: { admit: () => {}, failed: () => {}, succeeded: () => {} },
    isWellFormed: (presented) => presented !== 'noise',
    lookUp: () => {
      world.asked++
      return world.answer()
    },
    hashOf: (presented) => `hash of ${presented}`,
    now: () => world.now + world.clockError,
    steadyNow: () => world.now,
    contactAt: () => world.contactAt,
    cacheMs: 30_000,
    graceMs: 300_000,
    max: 10,
    ...overrides,
  })
  const find = (presented: string) => cache.find(presented, '192.0.2.1')
  return { world, identities: { ...cache, find } }
}

describe('identities', () => {
  test('asks once, then answers from memory without a promise', async () => {
    const { world, identities } = setUp()
    expect(await identities.find('k')).toBe(someone)
    expect(identities.find('k')).toBe(someone)
    expect(world.asked).toBe(1)
  })

  test('what has not the form of a secret is unknown without a question', () => {
    const { world, identities } = setUp()
    expect(identities.find('noise')).toBeUndefined()
    expect(world.asked).toBe(0)
  })

  test('asks once for many calls at the same moment', async () => {
    const { world, identities } = setUp()
    await Promise.all(Array.from({ length: 50 }, () => identities.find('k')))
    expect(world.asked).toBe(1)
  })

  test('asks again when the entry is old', async () => {
    const { world, identities } = setUp()
    await identities.find('k')
    world.now = world.contactAt = 131_000
    await identities.find('k')
    expect(world.asked).toBe(2)
  })

  test('lets very many grow older, so that they are not all asked for again and again', async () => {
    const { world, identities } = setUp({ max: 10_000 })
    for (let i = 0; i < 6_000; i++) await identities.find(`k${i}`)
    world.now = world.contactAt = 159_000
    expect(identities.find('k1')).toBe(someone)
    world.now = world.contactAt = 161_000
    await identities.find('k1')
    expect(world.asked).toBe(6_001)
  })

  test('asks again after a second where nothing may be kept, however many are known', async () => {
    const { world, identities } = setUp({ max: 10_000, cacheMs: 0 })
    for (let i = 0; i < 100; i++) await identities.find(`k${i}`)
    world.now = world.contactAt = 100_900
    await identities.find('k1')
    expect(world.asked).toBe(101)
  })

  test('the grace time begins when the registry was last heard, however old the answer is', async () => {
    const { world, identities } = setUp({ cacheMs: 600_000, graceMs: 300_000 })
    await identities.find('known')
    world.now = world.contactAt = 600_000
    world.answer = async () => {
      throw problem('store-unavailable')
    }
    world.now = 899_000
    expect(await identities.find('known')).toBe(someone)
    world.now = 901_000
    await expect(identities.find('known')).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('out of contact with the registry, believes nothing older than a second', async () => {
    const { world, identities } = setUp()
    await identities.find('k')
    world.now += 1_000
    await identities.find('k')
    expect(world.asked).toBe(2)
  })

  test('while the store hangs and nothing is heard, a known caller waits for it a moment only', async () => {
    const { world, identities } = setUp()
    await identities.find('k')
    world.now += 10_000
    world.answer = () => new Promise(() => {})
    expect(await identities.find('k')).toBe(someone)
    expect(world.asked).toBe(2)
  })

  test('while the store is away, a known caller stays known for the grace time, a stranger is refused', async () => {
    const { world, identities } = setUp()
    await identities.find('k')
    world.answer = () => Promise.reject(problem('store-unavailable'))
    world.now += 200_000
    expect(await identities.find('k')).toBe(someone)
    await expect(identities.find('other')).rejects.toMatchObject({ code: 'store-unavailable' })
    world.now += 200_000
    await expect(identities.find('k')).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test.each([
    [{ kind: 'token', hash: 'hash of k' } as const],
    [{ kind: 'identity', credentialId: 'cred_1' } as const],
    [{ kind: 'identity', applicationId: 'app_1' } as const],
    [{ kind: 'identity', partnerId: 'partner_1' } as const],
  ])('forgets at once what %j concerns', async (event) => {
    const { world, identities } = setUp()
    await identities.find('k')
    identities.forget(event)
    world.answer = async () => undefined
    expect(await identities.find('k')).toBeUndefined()
  })

  test('an answer that was under way when something was revoked is not kept', async () => {
    const { world, identities } = setUp()
    let give: (identity: Identity) => void = () => {}
    world.answer = () => new Promise((resolve) => (give = resolve))
    const asking = identities.find('k')
    identities.forget({ kind: 'identity', credentialId: 'cred_1' })
    give(someone)
    await asking
    world.answer = async () => undefined
    expect(await identities.find('k')).toBeUndefined()
  })

  test('an identity ends when it expires, whatever is remembered', async () => {
    const { world, identities } = setUp()
    world.answer = async () => ({ ...someone, expiresAt: 100_500 })
    await identities.find('k')
    world.now = 100_600
    expect(identities.find('k')).toBeUndefined()
  })

  const day = 24 * 3_600_000
  test.each([day, -day])(
    'a wall clock that jumps by %i ms makes no answer older or younger',
    async (jump) => {
      const { world, identities } = setUp()
      await identities.find('k')
      world.clockError = jump
      expect(identities.find('k')).toBe(someone)
      world.now += 31_000
      world.contactAt = world.now
      world.answer = async () => undefined // revoked, and the event was lost
      expect(await identities.find('k')).toBeUndefined()
      expect(world.asked).toBe(2)
    },
  )

  test('what has expired by the wall clock is gone, also right after a jump', async () => {
    const { world, identities } = setUp()
    world.answer = async () => ({ ...someone, expiresAt: 100_000 + day })
    await identities.find('k')
    world.clockError = day
    expect(identities.find('k')).toBeUndefined()
  })

  test('a long token that is unknown is remembered by its hash alone', async () => {
    let hashed = 0
    const { world, identities } = setUp({ hashOf: (presented) => `${++hashed && presented.length}` })
    world.answer = async () => undefined
    const long = `eyJ.${'a'.repeat(2_000)}.b`
    expect(await identities.find(long)).toBeUndefined()
    expect(identities.find(long)).toBeUndefined()
    expect(world.asked).toBe(1)
    const before = hashed
    await identities.find('short')
    expect(hashed).toBe(before)
  })

  test('drops signed tokens when keys change, and those of issuers outside when these do', async () => {
    const { world, identities } = setUp()
    await identities.find('opaque')
    await identities.find('a.signed.one')
    world.answer = async () => ({ ...someone, credentialId: 'iss_1' })
    await identities.find('of-an-issuer')
    expect(identities.find('a.signed.one')).toBe(someone)
    identities.forget({ kind: 'signing-keys' })
    expect(identities.find('opaque')).toBe(someone)
    expect(identities.find('a.signed.one')).toBeInstanceOf(Promise)
    expect(identities.find('of-an-issuer')).toMatchObject({ credentialId: 'iss_1' })
    identities.forget({ kind: 'issuers' })
    expect(identities.find('opaque')).toBe(someone)
    expect(identities.find('of-an-issuer')).toBeInstanceOf(Promise)
  })

  test('what is unknown is not asked for again at once, unless something changed', async () => {
    const { world, identities } = setUp()
    world.answer = async () => undefined
    for (let i = 0; i < 5; i++) expect(await identities.find('k')).toBeUndefined()
    expect(world.asked).toBe(1)
    identities.forget({ kind: 'identity', credentialId: 'cred_9' })
    world.answer = async () => someone
    expect(await identities.find('k')).toBe(someone)
  })

  test('strangers are counted, those that were known are not', async () => {
    const counted = { admitted: 0, failed: 0 }
    const strangers = {
      admit: () => void counted.admitted++,
      failed: () => void counted.failed++,
      succeeded: () => {},
    }
    const { world, identities } = setUp({ strangers })
    await identities.find('k')
    world.answer = async () => undefined
    world.now = world.contactAt = 131_000
    await identities.find('k')
    expect(counted).toEqual({ admitted: 1, failed: 0 })
    await identities.find('other')
    expect(counted).toEqual({ admitted: 2, failed: 1 })
  })
})
