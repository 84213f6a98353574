import { describe, expect, test } from '@jest/globals'
import { createIdentities } from '../../../gateway/identities.ts'
import { createIdentityIndex } from '../../../gateway/identity-index.ts'
import type { Identity } from '../../../policies/policy.ts'
import { TokenGrant } from '../../../registry/model.ts'

const identity = (
  n: number,
  familyId: string | null = null,
  expiresAt = Number.POSITIVE_INFINITY,
): Identity => {
  const who = {
    credentialId: `c${n % 7}`,
    applicationId: `a${(n % 7) % 3}`,
    partnerId: `p${((n % 7) % 3) % 2}`,
  }
  const grant = TokenGrant.parse({
    ...who,
    environment: 'live',
    scopes: [],
    issuedAt: 1,
    expiresAt: 2,
    familyId,
  })
  return {
    ...who,
    environment: 'live',
    secretId: null,
    method: 'bearer',
    scopes: undefined,
    subscriptions: new Map(),
    grant,
    expiresAt,
  }
}

describe('the index of identities', () => {
  const all = Array.from({ length: 60 }, (_, n) => ({
    presented: `t${n}`,
    hash: `h${n}`,
    who: identity(n, n % 4 === 0 ? null : `f${n % 10}`),
  }))

  test('finds for every kind of event what a look at all of them would find', () => {
    const index = createIdentityIndex()
    for (const { presented, who, hash } of all) index.add(presented, who, hash)
    const where = (wanted: (one: (typeof all)[number]) => boolean) =>
      all.filter(wanted).map(({ presented }) => presented)
    for (let n = 0; n < 10; n++) {
      const [c, a, p, f] = [`c${n}`, `a${n}`, `p${n}`, `f${n}`]
      const found = (event: Parameters<typeof index.concernedBy>[0]) =>
        index.concernedBy(event).sort((x, y) => Number(x.slice(1)) - Number(y.slice(1)))
      expect(found({ kind: 'token', hash: `h${n}` })).toEqual([`t${n}`])
      expect(found({ kind: 'family', familyId: f })).toEqual(where(({ who }) => who.grant?.familyId === f))
      expect(found({ kind: 'identity', credentialId: c })).toEqual(where(({ who }) => who.credentialId === c))
      expect(found({ kind: 'identity', applicationId: a })).toEqual(
        where(({ who }) => who.applicationId === a),
      )
      expect(found({ kind: 'identity', partnerId: p })).toEqual(where(({ who }) => who.partnerId === p))
    }
    expect(index.concernedBy({ kind: 'snapshot', number: 1 })).toEqual([])
    expect(index.concernedBy({ kind: 'identity' })).toEqual([])
  })

  test('keeps nothing of what was taken out, in whatever order', () => {
    const index = createIdentityIndex()
    for (const { presented, who, hash } of all) index.add(presented, who, hash)
    for (const { presented, who, hash } of all) index.add(presented, who, hash)
    for (const { presented, who, hash } of [...all].sort((x, y) =>
      x.hash.at(-1)! < y.hash.at(-1)! ? 1 : -1,
    ))
      index.remove(presented, who, hash)
    expect(index.size).toBe(0)
  })

  test('a second removal takes nothing from others', () => {
    const index = createIdentityIndex()
    index.add('x', identity(1), 'hx')
    index.add('y', identity(1), 'hy')
    index.remove('x', identity(1), 'hx')
    index.remove('x', identity(1), 'hx')
    expect(index.concernedBy({ kind: 'identity', partnerId: identity(1).partnerId })).toEqual(['y'])
  })
})

describe('cached identities', () => {
  function setUp(max: number) {
    const world = { now: 1_000, expiresAt: Number.POSITIVE_INFINITY, asked: 0 }
    const cache = createIdentities({
      strangers: { admit: () => {}, failed: () => {}, succeeded: () => {} },
      isWellFormed: () => true,
      lookUp: async (presented) => {
        world.asked++
        return identity(Number(presented), `f${presented}`, world.expiresAt)
      },
      hashOf: (presented) => `h${presented}`,
      now: () => world.now,
      steadyNow: () => world.now,
      contactAt: () => world.now,
      ...{ cacheMs: 30_000, graceMs: 300_000, max },
    })
    return { world, cache, find: (n: number) => cache.find(String(n), '192.0.2.1') }
  }

  test('those of a family are forgotten, and no others', async () => {
    const { world, cache, find } = setUp(100)
    for (let n = 0; n < 3; n++) await find(n)
    cache.forget({ kind: 'family', familyId: 'f1' })
    expect(cache.size).toBe(2)
    expect(find(0)).not.toBeInstanceOf(Promise)
    await find(1)
    expect(world.asked).toBe(4)
  })

  test('a revocation that comes after eviction, expiry and renewal still finds what came back', async () => {
    const { world, cache, find } = setUp(5)
    for (let n = 0; n < 50; n++) await find(n)
    expect(cache.size).toBe(5)
    world.now += 31_000 // renewed
    await find(49)
    cache.forget({ kind: 'token', hash: 'h49' })
    expect(cache.size).toBe(4)
    world.expiresAt = world.now + 10
    await find(49)
    world.now += 20
    expect(find(49)).toBeUndefined() // expired
    world.expiresAt = Number.POSITIVE_INFINITY
    await find(49)
    cache.forget({ kind: 'identity', credentialId: identity(49).credentialId })
    expect(find(49)).toBeInstanceOf(Promise)
  })

  test('of 50,000 that are known a revocation looks only at those that it concerns', async () => {
    const { cache, find } = setUp(50_000)
    for (let n = 0; n < 50_000; n++) await find(n)
    const startedAt = performance.now()
    for (let n = 0; n < 1_000; n++) cache.forget({ kind: 'token', hash: `h${n}` })
    const perEventMs = (performance.now() - startedAt) / 1_000
    expect(cache.size).toBe(49_000)
    // A look at all of them takes some 10 ms and more.
    expect(perEventMs).toBeLessThan(1)
  }, 60_000)

  test('finds what a token was exchanged for, and forgets it', () => {
    const index = createIdentityIndex()
    const who = identity(1)
    const exchanged = { ...who, grant: { ...who.grant!, exchangedFor: ['h1', 'h2'] } }
    index.add('t1', who, 'h1')
    index.add('t2', exchanged, 'h3')
    expect(index.concernedBy({ kind: 'token', hash: 'h1' })).toEqual(['t1', 't2'])
    expect(index.concernedBy({ kind: 'token', hash: 'h2' })).toEqual(['t2'])
    index.remove('t2', exchanged, 'h3')
    index.remove('t1', who, 'h1')
    expect(index.size).toBe(0)
  })
})
