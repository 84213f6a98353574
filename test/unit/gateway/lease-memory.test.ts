import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from '@jest/globals'
import { createLeaseMemory, viewLeaseMemory } from '../../../gateway/lease-memory.ts'
import type { RacerData } from '../../support/lease-racer.ts'
import { until } from '../../support/until.ts'

const threads = 3
const memoryOf = () => {
  const memory = createLeaseMemory(threads)
  return { memory, view: viewLeaseMemory(memory, 0) }
}

interface Raced {
  readonly spent: number
  readonly most: number
  readonly places: readonly number[]
}

/** Threads that all want the same, while `work` hands out; what they took and the most they saw at once. */
async function race(
  what: RacerData['what'],
  work: (parts: ReturnType<typeof memoryOf>, flag: Int32Array) => Promise<void>,
) {
  const parts = memoryOf()
  const signal = new SharedArrayBuffer(16)
  const flag = new Int32Array(signal)
  const workers = [1, 2].map((thread) => {
    const workerData: RacerData = { memory: parts.memory, thread, key: 'key', signal, what }
    return new Worker(new URL('../../support/lease-racer.ts', import.meta.url), { workerData })
  })
  const results = workers.map((worker) => once(worker, 'message'))
  await until(() => Atomics.load(flag, 2) === workers.length, { timeoutMs: 10_000 })
  await work(parts, flag)
  Atomics.store(flag, 0, 1)
  const said = (await Promise.all(results)).map(([result]) => result as Raced)
  await Promise.all(workers.map((worker) => worker.terminate()))
  return { spent: said.reduce((sum, one) => sum + one.spent, 0), said, putBack: flag[1]! }
}

describe('memory of leases', () => {
  test('gives each token once, whoever asks, puts back or collects at the same time', async () => {
    let filled = 0
    let collected = 0
    const { spent, putBack } = await race('tokens', async ({ view }) => {
      const slot = view.find('key')!
      for (let i = 0; i < 3_000; i++) {
        const lease = view.fill(slot, 50, view.now() + 10_000, view.now())
        if (lease) filled += 50
        if (lease && i % 3 === 0) collected += view.collect(slot, lease)
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      while (view.left(slot, view.now()) > 0) await new Promise((resolve) => setImmediate(resolve))
    })
    // What was put back may have been lost with its lease, but nothing is there twice.
    expect(spent - putBack + collected).toBeLessThanOrEqual(filled)
    expect(spent + collected).toBeGreaterThanOrEqual(filled)
  }, 30_000)

  test('lets no more calls fly than slots are held, also while slots are given back', async () => {
    let most = 0
    const { said, spent } = await race('flights', async ({ view }, flag) => {
      const slot = view.find('key')!
      for (let i = 0; i < 3_000 || Atomics.load(flag, 3) < 1_000; i++) {
        view.hold(slot, 1, 0, view.now() + 10_000)
        most = Math.max(most, view.held(slot))
        if (i % 2 === 0) view.unhold(slot, 0)
        if (i % 50 === 0) {
          view.unhold(slot, 1)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    })
    expect(spent).toBeGreaterThan(0)
    expect(Math.max(...said.map((one) => one.most))).toBeLessThanOrEqual(most)
  }, 30_000)

  test('has one place for a key, also when threads look for it for the first time at the same time', async () => {
    const { said } = await race('keys', async (_, flag) => {
      Atomics.store(flag, 1, 1)
      await until(() => Atomics.load(flag, 2) === 4, { timeoutMs: 20_000 }) // each counts once more when it is through
    })
    const [one, other] = said.map(({ places }) => places)
    expect(one).toHaveLength(3_000)
    expect(one).toEqual(other)
  }, 30_000)

  test('knows a key in all threads, and another for another key', () => {
    const { memory, view } = memoryOf()
    const other = viewLeaseMemory(memory, 1)
    expect(other.find('key')).toEqual(view.find('key'))
    expect(view.find('another')).not.toEqual(view.find('key'))
    view.fill(view.find('key')!, 2, view.now() + 10_000, view.now())
    expect([
      other.spend(other.find('key')!, other.now()) > 0,
      view.left(view.find('key')!, view.now()),
    ]).toEqual([true, 1])
  })

  test('has no token left when the life of a lease is over', () => {
    const { view } = memoryOf()
    const slot = view.find('key')!
    const now = view.now()
    const lease = view.fill(slot, 5, now + 100, now)!
    expect(view.spend(slot, now + 90)).toBeGreaterThan(0)
    expect([view.spend(slot, now + 101), view.left(slot, now + 101)]).toEqual([0, 0])
    expect(view.collect(slot, lease)).toBe(4)
    expect(view.collect(slot, lease)).toBe(0)
  })

  test('has two leases for a key; spends the one that ends first', () => {
    const { view } = memoryOf()
    const slot = view.find('key')!
    const now = view.now()
    view.fill(slot, 1, now + 1_000, now)
    view.fill(slot, 1, now + 100, now)
    expect(view.fill(slot, 1, now + 100, now)).toBeUndefined()
    view.spend(slot, now)
    expect(view.left(slot, now + 101)).toBe(1)
  })

  test('forgets what is not used for long, but not what is held', () => {
    const { view } = memoryOf()
    const idle = view.find('idle')!
    const held = view.find('held')!
    view.touch(idle, 0)
    view.touch(held, 0)
    view.hold(held, 1, 0, view.now() + 10_000)
    // As if it had been a minute ago.
    const past = view.now() - 62_000
    view.touch(idle, past)
    view.touch(held, past)
    view.sweep()
    expect([view.isStill(idle), view.isStill(held)]).toEqual([false, true])
    const again = view.find('idle')!
    expect(again.at).not.toBe(idle.at) // whoever found it a moment ago may still write there
    view.sweep()
    view.sweep()
    expect(view.isStill(again)).toBe(true)
  })
})
