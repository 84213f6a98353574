import { afterEach, describe, expect, test } from '@jest/globals'
import { createCredential, findIdentityBySecret, findIdentityByToken } from '../../../registry/credentials.ts'
import { followEvents } from '../../../registry/events.ts'
import { beat, listGateways } from '../../../registry/gateways.ts'
import { kinds } from '../../../registry/kinds.ts'
import { type LimitClaim, takeLimits, takeTokens, type Wanted } from '../../../registry/limits.ts'
import type { RegistryEvent } from '../../../registry/model.ts'
import { currentNumber, publish } from '../../../registry/snapshot.ts'
import { findMany, type Registry } from '../../../registry/store.ts'
import { issueToken, revokeToken } from '../../../registry/tokens.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { freePort, startRedis, testRegistry } from '../../support/redis.ts'
import { startCluster, startSentinel } from '../../support/redis-topologies.ts'
import { until } from '../../support/until.ts'
import { actor, readyApi, readyPartner } from './fixtures.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** The main path: register, publish, hand out, prove, limit, revoke, tell. */
async function mainPath(r: Registry) {
  const events: RegistryEvent[] = []
  const ending = new AbortController()
  let isListening = false
  const onContact = () => {
    isListening = true
  }
  const follower = {
    onEvent: (event: RegistryEvent) => events.push(event),
    onGap() {},
    onContact,
    blockMs: 50,
  }
  const followed = followEvents(r, follower, ending.signal)
  await until(() => isListening)

  const { api, version } = await readyApi(r)
  const { application } = await readyPartner(r, version.value)
  const input = { kind: 'api-key', environment: 'live' } as const
  const { credential, secret } = await createCredential(r, actor, application.value.id, input)
  await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
  expect(await currentNumber(r)).toBe(1)
  expect(await findIdentityBySecret(r, 'api-key', secret)).toMatchObject({
    credentialId: credential.value.id,
  })

  const { id, applicationId, partnerId, environment } = credential.value
  const grant = { credentialId: id, applicationId, partnerId, environment, scopes: ['a'] }
  const token = await issueToken(r, { ...grant, issuedAt: Date.now(), expiresAt: Date.now() + 60_000 })
  expect(await findIdentityByToken(r, token)).toMatchObject({ scopes: ['a'] })
  expect(await revokeToken(r, token)).toBe(true)
  for (const owner of ['par_1', 'par_2', '::1', '10.0.0.1']) {
    const take = { owner, rule: 'calls', limit: 1, windowMs: 60_000, cost: 1 }
    expect(await takeTokens(r, take)).toMatchObject({ isAllowed: true })
    expect(await takeTokens(r, { ...take, burst: 1 })).toMatchObject({ isAllowed: true })
    expect(await takeTokens(r, take)).toMatchObject({ isAllowed: false })
  }
  const heartbeat = {
    at: 1,
    startedAt: 1,
    address: '',
    threads: 1,
    snapshot: 1,
    lastError: '',
    targets: [],
    unlistedTargets: 0,
  }
  await beat(r, { gatewayId: 'two', ...heartbeat })
  await beat(r, { gatewayId: 'one', ...heartbeat })
  expect((await listGateways(r)).map(({ gatewayId }) => gatewayId)).toEqual(['one', 'two'])
  await until(() => events.some(({ kind }) => kind === 'snapshot'))
  await until(() => events.filter(({ kind }) => kind === 'token').length === 2)
  expect(await verifyRegistry(r)).toEqual([])
  ending.abort()
  await followed
}

test('a cluster that cannot be reached is waited for no longer than one command may take', async () => {
  const r = await testRegistry({ url: `redis+cluster://127.0.0.1:${await freePort()}`, timeoutMs: 300 })
  endings.push(() => r.close())
  const began = performance.now()
  await expect(currentNumber(r)).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(listGateways(r)).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(findMany(r, kinds.api, ['api_1'])).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(performance.now() - began).toBeLessThan(2_000)
})

describe('the main path', () => {
  test('works on a single Redis', async () => {
    const server = await startRedis()
    endings.push(() => server.kill())
    const r = await testRegistry({ url: server.url })
    endings.push(() => r.close())
    await mainPath(r)
  })

  test('works on Redis Cluster of three nodes, where keys of one command must share a slot', async () => {
    const cluster = await startCluster()
    endings.push(() => cluster.stop())
    const r = await testRegistry({ url: cluster.url })
    endings.push(() => r.close())
    await mainPath(r)
    await limitsOverSlots(r)

    const all = [...cluster.nodes]
    await Promise.all(all.map((node) => node.kill()))
    await until(() =>
      currentNumber(r).then(
        () => false,
        (error) => error.code === 'store-unavailable',
      ),
    )
    await Promise.all(all.map((node) => node.start()))
    await until(() => currentNumber(r), { timeoutMs: 20_000 })
  }, 60_000)

  test('works behind Sentinel, and goes on at the new master after a failover', async () => {
    const sentinel = await startSentinel()
    endings.push(() => sentinel.stop())
    const r = await testRegistry({ url: sentinel.url, timeoutMs: 1_000 })
    endings.push(() => r.close())
    await mainPath(r)
    const take = { owner: 'par_9', rule: 'calls', limit: 3, windowMs: 60_000, cost: 1 }
    for (let i = 0; i < 2; i++) await takeTokens(r, take)
    await until(async () => (await r.redis.wait(1, 500)) === 1, { timeoutMs: 20_000 })
    await sentinel.failOver()
    expect(await until(() => currentNumber(r), { timeoutMs: 20_000 })).toBe(1)
    const heartbeat = {
      gatewayId: 'x',
      at: 1,
      startedAt: 1,
      address: '',
      threads: 1,
      snapshot: 1,
      lastError: '',
      targets: [],
      unlistedTargets: 0,
    }
    await until(() => beat(r, heartbeat).then(() => true), { timeoutMs: 20_000 })
    // What was counted before counts on.
    expect(await takeTokens(r, take)).toMatchObject({ isAllowed: true, remaining: 0 })
    expect(await takeTokens(r, take)).toMatchObject({ isAllowed: false })
  }, 90_000)
})

/** A call counted for its partner and for its address: two slots, and still all or none. */
async function limitsOverSlots(r: Registry) {
  const claim = (owner: string, limit: number): LimitClaim => ({
    kind: 'window',
    owner,
    rule: 'slots',
    limit,
    windowMs: 60_000,
    cost: 1,
    isObserved: false,
  })
  const wanted = (limits: readonly [string, number][]): Wanted[] =>
    limits.map(([owner, limit]) => ({ claim: claim(owner, limit), near: 0, far: 0, lifeMs: 0 }))
  const ask = (limits: readonly [string, number][], calls: number) =>
    takeLimits(r, { wanted: wanted(limits), calls, nodes: 1, holder: 'one', heldMs: 1_000 })
  const both: [string, number][] = [
    ['par_7', 100],
    ['192.0.2.1', 4],
  ]
  expect((await ask(both, 6)).calls).toBe(4)
  const refused = await ask(both, 1)
  expect(refused.calls).toBe(0)
  expect(refused.of[1]!.retryAfterMs).toBeGreaterThan(0)
  const left = await takeTokens(r, { owner: 'par_7', rule: 'slots', limit: 100, windowMs: 60_000, cost: 0 })
  expect(left.remaining).toBe(96)
}
