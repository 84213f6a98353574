import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Redis } from '../../registry/redis.ts'
import { underLoad } from '../support/load.ts'
import { freePort } from '../support/redis.ts'
import { type StoreStage, startStoreStage } from '../support/store-stage.ts'
import { until } from '../support/until.ts'

let stage: StoreStage
beforeAll(async () => {
  stage = await startStoreStage(() => ({}))
}, 60_000)
afterAll(() => stage?.close())

interface Refusal {
  readonly begin: (redis: Redis) => Promise<unknown>
  readonly end: (redis: Redis) => Promise<unknown>
  /** Redis' own word for it. */
  readonly word: string
}

/** Taken by Redis since its start. */
const connectionsTo = async (redis: Redis) =>
  Number(/total_connections_received:(\d+)/.exec(await redis.info('stats'))?.[1])

const refusals: Record<string, Refusal> = {
  'is out of memory': {
    begin: (redis) => redis.config('SET', 'maxmemory', '1'),
    end: (redis) => redis.config('SET', 'maxmemory', '0'),
    word: 'OOM',
  },
  'has become a replica': {
    begin: async (redis) => redis.replicaof('127.0.0.1', await freePort()),
    end: (redis) => redis.replicaof('NO', 'ONE'),
    word: 'READONLY',
  },
  'has lost its replicas and wants one': {
    begin: (redis) => redis.config('SET', 'min-replicas-to-write', '1'),
    end: (redis) => redis.config('SET', 'min-replicas-to-write', '0'),
    word: 'NOREPLICAS',
  },
}

describe('while Redis takes no writes, as it', () => {
  test.each(Object.entries(refusals))(
    '%s: callers are served, known or not; limits do as they are told; and all recovers',
    async (name, { begin, end, word }) => {
      const { gateway, apis, platform, ask } = stage
      const { redis } = platform.registry
      const newcomers = await Promise.all(
        ['a', 'b', 'c'].map((x) => stage.stranger(`${word.toLowerCase()}-${x}`)),
      )
      await stage.introduce()
      const calls = {
        workers: 4,
        call: (n: number) =>
          stage.call(n % 2 === 0 ? 'plain' : 'allowing', apis[n % 2 === 0 ? 'plain' : 'allowing']),
      }
      const load = await underLoad(calls, async ({ total }) => {
        await begin(redis)
        try {
          await until(async () => (await ask('refusing', apis.refusing)) === 'store-unavailable')
          const connections = await connectionsTo(redis)
          for (const newcomer of newcomers) {
            const from = total()
            await until(async () => (await ask('plain', newcomer)) === 200)
            await until(() => total() > from + 20, { timeoutMs: 20_000 })
          }
          // A refusal is no reason to leave: whoever is unknown is asked for on these connections.
          expect((await connectionsTo(redis)) - connections).toBeLessThan(10)
          expect(await ask('plain', { key: 'nonsense' })).toBe('credential-invalid')
          // It says so, and why: reading goes on, so it is not away.
          await until(async () => (await gateway.readiness()).redisFault.startsWith(word))
          expect(await gateway.readiness()).toMatchObject({ isReady: true, redis: 'connected' })
          expect(await gateway.metrics()).toContain('gateway_redis_writable 0\n')
          expect(await gateway.metrics()).toMatch(/gateway_store_errors_total [1-9]/)
          expect(gateway.output()).toContain(`"fault":"${word}`)
        } finally {
          await end(redis)
        }
        await stage.recovers(`after-${word.toLowerCase()}`)
      })
      expect([name, load.faults]).toEqual([name, []])
      expect(await gateway.readiness()).toMatchObject({ redisFault: '' })
    },
    60_000,
  )
})
