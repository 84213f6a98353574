import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createCredential, findIdentityBySecret, findIdentityByToken } from '../../../registry/credentials.ts'
import { followEvents } from '../../../registry/events.ts'
import { beat, listGateways } from '../../../registry/gateways.ts'
import { kinds } from '../../../registry/kinds.ts'
import { takeTokens } from '../../../registry/limits.ts'
import type { RegistryEvent } from '../../../registry/model.ts'
import { currentNumber, publish } from '../../../registry/snapshot.ts'
import { findMany, type Registry } from '../../../registry/store.ts'
import { issueToken, revokeToken } from '../../../registry/tokens.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { freePort, startRedis, testRegistry } from '../../support/redis.ts'
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
  const heartbeat = { at: 1, startedAt: 1, address: '', threads: 1, snapshot: 1, lastError: '' }
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

  test('works on Redis Cluster, where keys of one command must share a slot', async () => {
    const port = await freePort()
    const server = await startRedis({
      port,
      args: clusterArgs(await freePort()),
    })
    endings.push(() => server.kill())
    const admin = await testRegistry({ url: server.url })
    await admin.redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await until(async () => String(await admin.redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
    await admin.close()
    const r = await testRegistry({ url: `redis+cluster://127.0.0.1:${port}` })
    endings.push(() => r.close())
    await mainPath(r)

    await server.kill()
    await until(() =>
      currentNumber(r).then(
        () => false,
        (error) => error.code === 'store-unavailable',
      ),
    )
    await server.start()
    await until(() => currentNumber(r), { timeoutMs: 15_000 })
  })

  test('works behind Sentinel, and goes on at the new master after a failover', async () => {
    const master = await startRedis()
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
    endings.push(
      () => master.kill(),
      () => replica.kill(),
    )
    const port = await startSentinel(master.port)
    const r = await testRegistry({ url: `redis+sentinel://127.0.0.1:${port}/bank`, timeoutMs: 1_000 })
    endings.push(() => r.close())
    await mainPath(r)

    const asSentinel = await testRegistry({ url: `redis://127.0.0.1:${port}` })
    endings.push(() => asSentinel.close())
    const sentinel = (...words: string[]) => asSentinel.redis.call('SENTINEL', ...words)
    await until(async () => String(await sentinel('REPLICAS', 'bank')).includes(String(replica.port)), {
      timeoutMs: 20_000,
    })
    await until(async () => (await r.redis.wait(1, 500)) === 1, { timeoutMs: 20_000 })
    await until(() => sentinel('FAILOVER', 'bank').then(() => true), { timeoutMs: 20_000, everyMs: 200 })
    await until(
      async () => ((await sentinel('GET-MASTER-ADDR-BY-NAME', 'bank')) as string[])[1] === `${replica.port}`,
      {
        timeoutMs: 20_000,
      },
    )
    await master.kill()
    expect(await until(() => currentNumber(r), { timeoutMs: 20_000 })).toBe(1)
    await until(
      () =>
        beat(r, {
          gatewayId: 'x',
          at: 1,
          startedAt: 1,
          address: '',
          threads: 1,
          snapshot: 1,
          lastError: '',
        }).then(() => true),
      {
        timeoutMs: 20_000,
      },
    )
  }, 90_000)
})

// The bus has a port of its own, by default 10,000 above, which may be beyond the last one; and a node that never met
// another does not know its own address.
const clusterArgs = (busPort: number) => [
  ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
  ...['--cluster-announce-ip', '127.0.0.1'],
]

/** A Sentinel that watches one master under the name `bank`. @returns its port */
async function startSentinel(masterPort: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'test-sentinel-'))
  const port = await freePort()
  const config = join(folder, 'sentinel.conf')
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor bank 127.0.0.1 ${masterPort} 1`,
    ].join('\n'),
  )
  const child = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  endings.push(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const r = await testRegistry({ url: `redis://127.0.0.1:${port}` })
  await until(() => r.redis.call('PING').then(() => true))
  await r.close()
  return port
}
