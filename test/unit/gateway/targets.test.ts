import { describe, expect, test } from '@jest/globals'
import type { TargetPool } from '../../../gateway/http1/pool.ts'
import { createPools } from '../../../gateway/targets.ts'
import type { SealedUpstream, Target } from '../../../registry/model.ts'

const upstream = { id: 'ups_1', connectTimeoutMs: 1_000, idleTimeoutMs: 1_000 } as SealedUpstream
const target = { id: 'a', url: 'http://127.0.0.1:1', maxConnections: 2 } as Target

/** Pools that only say whether they were closed. */
function openFakes() {
  const closed: number[] = []
  let opened = 0
  const pools = createPools(() => {
    const number = ++opened
    return { close: async () => void closed.push(number), destroy: async () => {} } as unknown as TargetPool
  })
  return { pools, closed }
}

describe('connection pools', () => {
  test('are shared by the tables that use them, and closed with the last of these', () => {
    const { pools, closed } = openFakes()
    const first = pools.acquire(upstream, target)
    const second = pools.acquire(upstream, { ...target, weight: 7 })
    expect(second.pool).toBe(first.pool)
    pools.release(first.key)
    expect(closed).toEqual([])
    pools.release(second.key)
    expect(closed).toEqual([1])
  })

  test('are opened anew where a connection would be another one', () => {
    const { pools } = openFakes()
    const { pool } = pools.acquire(upstream, target)
    expect(pools.acquire(upstream, { ...target, url: 'http://127.0.0.1:2' }).pool).not.toBe(pool)
    expect(pools.acquire({ ...upstream, connectTimeoutMs: 2_000 }, target).pool).not.toBe(pool)
  })

  test('are opened anew for another cap: a pool never grows beyond the one it was opened with', () => {
    const { pools } = openFakes()
    const { pool } = pools.acquire(upstream, target)
    expect(pools.acquire(upstream, { ...target, maxConnections: 50 }).pool).not.toBe(pool)
    expect(pools.acquire(upstream, { ...target, maxConnections: undefined }).pool).not.toBe(pool)
  })
})
