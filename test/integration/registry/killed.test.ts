import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, expect, test } from '@jest/globals'
import { createApi } from '../../../registry/apis.ts'
import { listAudit } from '../../../registry/audit.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { actor, readyApi } from './fixtures.ts'

afterAll(stopSharedRedis)

const writer = new URL('./writer.ts', import.meta.url).pathname

test('a process killed in the middle of any write leaves the registry whole', async () => {
  const r = await testRegistry()
  const { api, version } = await readyApi(r)
  const entries = async () => Number(await r.redis.xlen(r.keys.audit()))
  for (let round = 0; round < 12; round++) {
    const child = spawn('node', [writer, r.url, r.keys.prefix, api.value.id, version.value.id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    try {
      await once(child.stdout, 'data')
      // Killed after another number of changes each time: writes are always under way, in four loops at once.
      const goal = (await entries()) + 3 + round * 4
      await until(async () => (await entries()) >= goal, { timeoutMs: 15_000, everyMs: 1 })
    } finally {
      child.kill('SIGKILL')
      await ended
    }
    // What the child had sent before it died may still be done.
    const seen = [-1, await entries()]
    await until(async () => seen.push(await entries()) && seen.at(-1) === seen.at(-2), { everyMs: 20 })
    expect(await verifyRegistry(r)).toEqual([])
  }
  const actions = new Set(
    (await listAudit(r, { limit: 200 })).items.map(({ action, noun }) => `${action} ${noun}`),
  )
  for (const action of [
    'create api',
    'update upstream',
    'publish snapshot',
    'rotate credential',
    'delete application',
  ])
    expect(actions).toContain(action)
  await createApi(r, actor, { name: 'afterwards', title: 'Still works' })
  await r.close()
}, 120_000)

test('the check of the registry finds what is broken by hand', async () => {
  const r = await testRegistry()
  const { api, version, upstream } = await readyApi(r)
  expect(await verifyRegistry(r)).toEqual([])
  const { keys, redis } = r
  const breakages: [what: string, damage: () => Promise<unknown>, mend: () => Promise<unknown>][] = [
    [
      'a name without a record',
      () => redis.hset(keys.names('api'), 'ghost', 'api_ghost'),
      () => redis.hdel(keys.names('api'), 'ghost'),
    ],
    [
      'a record without a name',
      () => redis.hdel(keys.names('api'), 'payments'),
      () => redis.hset(keys.names('api'), 'payments', api.value.id),
    ],
    [
      'an index without a record',
      () => redis.zadd(keys.index('plan'), 0, 'plan_ghost'),
      () => redis.zrem(keys.index('plan'), 'plan_ghost'),
    ],
    [
      'a record without an index',
      () => redis.zrem(keys.index('api'), api.value.id),
      () => redis.zadd(keys.index('api'), 0, api.value.id),
    ],
    [
      'a child that its parent does not know',
      () => redis.zrem(keys.children(api.value.id, 'version'), version.value.id),
      () => redis.zadd(keys.children(api.value.id, 'version'), 0, version.value.id),
    ],
    [
      'a parent with a stranger for a child',
      () => redis.zadd(keys.children(upstream.value.id, 'version'), 0, 'ver_ghost'),
      () => redis.zrem(keys.children(upstream.value.id, 'version'), 'ver_ghost'),
    ],
    [
      'a hash that no credential claims',
      () => redis.hset(keys.secrets(), 'hash', 'cred_ghost app_ghost par_ghost'),
      () => redis.hdel(keys.secrets(), 'hash'),
    ],
    [
      'a current snapshot that is not there',
      () => redis.set(keys.currentSnapshot(), '7'),
      () => redis.del(keys.currentSnapshot()),
    ],
  ]
  for (const [what, damage, mend] of breakages) {
    await damage()
    expect([what, (await verifyRegistry(r)).length > 0]).toEqual([what, true])
    await mend()
    expect(await verifyRegistry(r)).toEqual([])
  }
  await r.close()
})
