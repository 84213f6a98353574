import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createShared, viewShared } from '../../../gateway/shared.ts'
import { createSlotTable } from '../../../gateway/slot-table.ts'

describe('shared counts', () => {
  test('a cap holds over all threads', () => {
    const shared = createShared(2)
    const [a, b] = [viewShared(shared, 0), viewShared(shared, 1)]
    expect([a.tryAcquire(3, 2), b.tryAcquire(3, 2), a.tryAcquire(3, 2)]).toEqual([true, true, false])
    b.release(3)
    expect(a.tryAcquire(3, 2)).toBe(true)
    expect(b.count(3)).toBe(2)
  })

  test('what a dead thread held is given back, and nothing else', () => {
    const shared = createShared(2)
    const [a, b] = [viewShared(shared, 0), viewShared(shared, 1)]
    for (let i = 0; i < 5; i++) a.tryAcquire(7, 100)
    for (let i = 0; i < 3; i++) b.tryAcquire(7, 100)
    b.releaseThread(0)
    expect(b.count(7)).toBe(3)
  })

  test('counts are the acquisitions less the releases, never above the cap', () => {
    const step = fc.record({ thread: fc.nat({ max: 2 }), slot: fc.nat({ max: 3 }), isRelease: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, cap) => {
        const shared = createShared(3)
        const views = [0, 1, 2].map((thread) => viewShared(shared, thread))
        const model = new Map<string, number>()
        const total = (slot: number) =>
          [0, 1, 2].reduce((sum, t) => sum + (model.get(`${t} ${slot}`) ?? 0), 0)
        for (const { thread, slot, isRelease } of steps) {
          const key = `${thread} ${slot}`
          if (isRelease && (model.get(key) ?? 0) > 0) {
            views[thread]!.release(slot)
            model.set(key, model.get(key)! - 1)
          } else if (!isRelease) {
            const isFree = total(slot) < cap
            expect(views[thread]!.tryAcquire(slot, cap)).toBe(isFree)
            if (isFree) model.set(key, (model.get(key) ?? 0) + 1)
          }
          expect(views[0]!.count(slot)).toBe(total(slot))
        }
      }),
    )
  })
})

describe('the mean time of a target', () => {
  const clock = { now: 0 }
  const twoThreads = () => {
    const shared = createShared(2)
    return [viewShared(shared, 0, () => clock.now | 0), viewShared(shared, 1, () => clock.now | 0)] as const
  }

  test('is one for all threads, fades while nobody asks, and follows what comes', () => {
    const [a, b] = twoThreads()
    expect(b.headMs(5)).toBeUndefined()
    a.addHeadMs(5, 100, false)
    expect(b.headMs(5)).toBe(100)
    clock.now += 10_000
    expect(b.headMs(5)).toBeCloseTo(100 / Math.E, 3)
    b.addHeadMs(5, 10, false)
    expect(a.headMs(5)).toBeCloseTo(10 + 90 / Math.E, 3)
    expect(a.headMs(4)).toBeUndefined()
    a.forget(5)
    expect(b.headMs(5)).toBeUndefined()
  })

  test('bears a clock that goes round, and a sample that another thread has just added', () => {
    const [a, b] = twoThreads()
    clock.now = 2 ** 31 - 1
    a.addHeadMs(1, 100, false)
    clock.now += 10_000
    expect(b.headMs(1)).toBeCloseTo(100 / Math.E, 3)
    clock.now -= 10_001
    expect(b.headMs(1)).toBe(100)
  })

  test('stays between the quickest and the slowest sample, and failing fast is not being quick', () => {
    const sample = fc.record({
      ms: fc.integer({ min: 1, max: 60_000 }),
      after: fc.integer({ min: 0, max: 30_000 }),
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (samples) => {
        const [view] = twoThreads()
        for (const { ms, after } of samples) {
          clock.now += after
          view.addHeadMs(2, ms, false)
        }
        const times = samples.map(({ ms }) => ms)
        const mean = view.headMs(2)!
        expect(mean).toBeGreaterThanOrEqual(Math.min(...times) - 0.001)
        expect(mean).toBeLessThanOrEqual(Math.max(...times) + 0.001)
        clock.now += 100
        view.addHeadMs(2, 0, true)
        expect(view.headMs(2)).toBeGreaterThan(mean)
      }),
    )
  })
})

describe('slots', () => {
  test('a target keeps its slot over publishes, and one that left keeps it while calls are in flight', () => {
    const busy = new Set<number>()
    const table = createSlotTable({ isIdle: (slot) => !busy.has(slot), forget: () => {} }, 3)
    const first = table.assign(['u/a', 'u/b'])
    busy.add(first.get('u/b')!)
    expect(table.assign(['u/a']).get('u/a')).toBe(first.get('u/a'))
    expect(table.assign(['u/c']).get('u/c')).not.toBe(first.get('u/b'))
    busy.clear()
    table.assign(['u/c'])
    expect(table.assign(['u/c', 'u/d', 'u/e']).get('u/d')).toBeLessThan(3)
  })

  test('a target in force keeps its slot though the snapshot asked for lacks it: it may be refused', () => {
    const table = createSlotTable({ isIdle: () => true, forget: () => {} })
    const first = table.assign(['u/a'])
    const refused = table.assign(['u/b'], ['u/a'])
    expect(refused.get('u/b')).not.toBe(first.get('u/a'))
    expect(table.assign(['u/a', 'u/c'], ['u/a']).get('u/a')).toBe(first.get('u/a'))
  })

  test('what is known of a target is forgotten when its slot is free again, and not before', () => {
    const forgotten: number[] = []
    const table = createSlotTable({ isIdle: () => true, forget: (slot) => forgotten.push(slot) }, 1)
    const a = table.assign(['u/a']).get('u/a')!
    table.assign(['u/a'])
    expect(forgotten).toEqual([])
    expect(table.assign(['u/b']).get('u/b')).toBe(a)
    expect(forgotten).toEqual([a])
  })

  test('are given out again as late as can be, in the order in which they became free, and not at all in use', () => {
    const table = createSlotTable({ isIdle: () => true, forget: () => {} }, 3)
    const slots = ['a', 'b', 'c', 'd', 'e'].map((key) => table.assign([key]).get(key))
    expect(slots).toEqual([0, 1, 2, 0, 1])
    expect(() => table.assign(['e', 'f', 'g', 'h'])).toThrow('more targets')
  })

  test('contact is remembered to a tenth of a second', () => {
    const shared = createShared(1)
    const view = viewShared(shared, 0)
    expect(view.contactAt()).toBe(0)
    view.markContact(shared.startedAt + 12_345)
    expect(view.contactAt()).toBe(shared.startedAt + 12_300)
  })
})
