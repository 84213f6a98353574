import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLog } from '../../../registry/base/log.ts'
import { createCredential, revokeCredential, rotateCredential } from '../../../registry/credentials.ts'
import { announce, followEvents } from '../../../registry/events.ts'
import type { RegistryEvent } from '../../../registry/model.ts'
import { updatePartner } from '../../../registry/partners.ts'
import { closeRedis, openRedis } from '../../../registry/redis.ts'
import { publish, rollback } from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { issueToken, revokeToken } from '../../../registry/tokens.ts'
import { startRedis, stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { actor, readyApi, readyPartner } from './fixtures.ts'

let r: Registry & { close(): Promise<void>; url: string }
let ending: AbortController
const followers: Promise<void>[] = []
beforeEach(async () => {
  r = await testRegistry()
  ending = new AbortController()
})
afterEach(async () => {
  ending.abort()
  await Promise.all(followers.splice(0))
  await r.close()
})
afterAll(stopSharedRedis)

/** Follows until the test ends; resolves when nothing can be missed any more. */
async function follow(registry: Registry = r) {
  const heard = { events: [] as RegistryEvent[], gaps: 0, contacts: 0 }
  const done = followEvents(
    registry,
    {
      onEvent: (event) => heard.events.push(event),
      onGap: () => heard.gaps++,
      onContact: () => heard.contacts++,
      blockMs: 50,
    },
    ending.signal,
  )
  followers.push(done)
  await until(() => heard.contacts > 0)
  return { heard, done }
}

const snapshot = (number: number) => ({ kind: 'snapshot', number }) as const

describe('a follower', () => {
  test('hears what happens after it began, in order, and nothing from before', async () => {
    await announce(r, snapshot(1))
    const { heard } = await follow()
    for (let n = 2; n <= 1500; n++) void announce(r, snapshot(n))
    await until(() => heard.events.length === 1499)
    expect(heard.events).toEqual(Array.from({ length: 1499 }, (_, i) => snapshot(i + 2)))
    expect(heard.gaps).toBe(0)
  })

  test('hears of everything that gateways must know at once', async () => {
    const { version, api } = await readyApi(r)
    const { application, partner } = await readyPartner(r, version.value)
    const input = { kind: 'oauth-client', environment: 'live' } as const
    const { credential } = await createCredential(r, actor, application.value.id, input)
    const { id, applicationId, partnerId, environment } = credential.value
    const token = await issueToken(r, {
      credentialId: id,
      applicationId,
      partnerId,
      environment,
      scopes: [],
      issuedAt: Date.now(),
      expiresAt: Date.now() + 60_000,
    })
    const { heard } = await follow()
    await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
    await rollback(r, actor, 1)
    await revokeToken(r, token)
    await rotateCredential(r, actor, id, { overlapSeconds: 0 })
    await revokeCredential(r, actor, id)
    await updatePartner(r, actor, partner.value.id, { name: 'shop', title: 'Shop', isSuspended: true })
    await until(() => heard.events.length === 7)
    const hash = expect.any(String)
    expect(heard.events).toEqual([
      snapshot(1),
      snapshot(1),
      { kind: 'token', hash },
      { kind: 'token', hash },
      { kind: 'identity', credentialId: id },
      { kind: 'identity', credentialId: id },
      { kind: 'identity', partnerId },
    ])
  })

  test('ends with its signal, and its connection with it', async () => {
    const { done } = await follow()
    ending.abort()
    await done
  })

  test('takes what it does not understand for a gap, and goes on', async () => {
    const { heard } = await follow()
    await r.redis.xadd(r.keys.events(), '*', 'json', '{"kind":"of a newer version"}')
    await announce(r, snapshot(1))
    await until(() => heard.events.length === 1)
    expect(heard.gaps).toBe(1)
  })

  test('reads on where it was when its connection breaks', async () => {
    const { heard } = await follow()
    await announce(r, snapshot(1))
    await until(() => heard.events.length === 1)
    await r.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await until(() => announce(r, snapshot(2)).then(() => true))
    await until(() => heard.events.length === 2)
    expect(heard.gaps).toBe(0)
  })

  test('says that it may have missed something when the stream was trimmed past it', async () => {
    const { heard } = await follow()
    await announce(r, snapshot(1))
    await until(() => heard.events.length === 1)
    await r.redis
      .multi()
      .call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      .del(r.keys.events())
      .exec()
    await until(() => announce(r, snapshot(3)).then(() => true))
    await until(() => heard.gaps === 1)
    await announce(r, snapshot(4))
    await until(() => heard.events.some((event) => event.kind === 'snapshot' && event.number === 4))
  })
})

test('a follower goes on when Redis was killed and is back with its data, and hears what was told last', async () => {
  const server = await startRedis()
  const own = await testRegistry({ url: server.url })
  try {
    const { heard } = await follow(own)
    await announce(own, snapshot(1))
    await until(() => heard.events.length === 1)
    await server.kill()
    await expect(announce(own, snapshot(2))).rejects.toMatchObject({ code: 'store-unavailable' })
    await server.start()
    await until(() => announce(own, snapshot(3)).then(() => true))
    await until(() => heard.events.length === 2)
    expect(heard).toMatchObject({ gaps: 0, events: [snapshot(1), snapshot(3)] })
  } finally {
    ending.abort()
    await own.close()
    await server.kill()
  }
})

test('while Redis is away commands are refused at once, and a hung Redis is given up in time', async () => {
  const server = await startRedis()
  const own = await testRegistry({ url: server.url, timeoutMs: 300 })
  try {
    await announce(own, snapshot(1))
    process.kill(server.pid, 'SIGSTOP')
    const began = performance.now()
    await expect(announce(own, snapshot(2))).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(performance.now() - began).toBeLessThan(1_500)
    process.kill(server.pid, 'SIGCONT')
    await until(() => announce(own, snapshot(3)).then(() => true))
    await server.kill()
    await until(() => own.redis.status !== 'ready')
    const away = performance.now()
    for (let i = 0; i < 20; i++)
      await expect(announce(own, snapshot(4))).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(performance.now() - away).toBeLessThan(1_000)
    await server.start()
    await until(() => announce(own, snapshot(5)).then(() => true))
  } finally {
    await own.close()
    await server.kill()
  }
})

test('a client opened while Redis is away refuses, and serves once it is there; no password is logged', async () => {
  const server = await startRedis({ args: ['--requirepass', 'open-sesame'] })
  const url = server.url.replace('redis://', 'redis://:open-sesame@')
  await server.kill()
  const lines: string[] = []
  const log = createLog('test', 'debug', { write: (line: string) => void lines.push(line) })
  const redis = openRedis({ REDIS_URL: url, REDIS_PREFIX: 'x:', REDIS_TIMEOUT_MS: 300 }, log)
  try {
    const own = { ...r, redis }
    await expect(announce(own, snapshot(1))).rejects.toMatchObject({ code: 'store-unavailable' })
    await server.start()
    await until(() => announce(own, snapshot(2)).then(() => true))
    expect(lines.some((line) => line.includes('Redis is away'))).toBe(true)
    expect(lines.join('')).not.toContain('sesame')
  } finally {
    await closeRedis(redis)
    await server.kill()
  }
})
