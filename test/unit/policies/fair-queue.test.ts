import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createFairQueue } from '../../../policies/balance/fair-queue.ts'

const partner = fc.constantFrom('a', 'b', 'c', 'd')

/** Serves so many in their turn. */
function served<T>(queue: ReturnType<typeof createFairQueue<T>>, most: number): T[] {
  const taken: T[] = []
  queue.serve((item) => {
    if (taken.length === most) return 'nobody'
    taken.push(item)
    return 'taken'
  })
  return taken
}

describe('a fair queue', () => {
  test('gives a partner with one call its turn before the hundredth of another', () => {
    const queue = createFairQueue<string>()
    for (let i = 0; i < 100; i++) queue.push('flood', `f${i}`)
    queue.push('shop', 's0')
    queue.push('shop', 's1')
    expect(served(queue, 1)).toEqual(['f0'])
    expect(served(queue, 5)).toEqual(['s0', 'f1', 's1', 'f2', 'f3'])
    expect([queue.size, queue.partners]).toEqual([96, 1])
  })

  test('serves partners that wait all the time equally often, each in the order in which its calls came', () => {
    fc.assert(
      fc.property(
        fc.array(partner, { minLength: 1, maxLength: 60 }),
        fc.nat({ max: 60 }),
        (comers, turns) => {
          const queue = createFairQueue<{ partner: string; n: number }>()
          for (const [n, who] of comers.entries()) queue.push(who, { partner: who, n })
          const taken = served(queue, turns)
          expect(taken.length).toBe(Math.min(turns, comers.length))
          expect(queue.size).toBe(comers.length - taken.length)
          const countOf = (who: string) => taken.filter((item) => item.partner === who).length
          for (const who of new Set(comers)) {
            const own = taken.filter((item) => item.partner === who).map(({ n }) => n)
            expect(own).toEqual(comers.flatMap((other, n) => (other === who ? [n] : [])).slice(0, own.length))
            // Who still waits was passed over by nobody: no other had more than one turn more.
            if (queue.waitingOf(who) > 0)
              for (const other of new Set(comers))
                expect(countOf(other)).toBeLessThanOrEqual(countOf(who) + 1)
          }
        },
      ),
    )
  })

  test('passes over those that do not take, without costing them their place', () => {
    const queue = createFairQueue<string>()
    for (const item of ['a1', 'a2', 'b1', 'c1']) queue.push(item[0]!, item)
    const offered: string[] = []
    queue.serve((item) => {
      offered.push(item)
      return item === 'a1' || item === 'b1' ? 'not-me' : 'taken'
    })
    expect(offered).toEqual(['a1', 'a2', 'b1', 'c1', 'a1'])
    expect(served(queue, 9)).toEqual(['b1', 'a1'])
  })

  test('loses nothing and serves nothing twice, whatever comes, leaves and is served', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), who: partner }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat({ max: 20 }) }),
      fc.record({ kind: fc.constant('serve' as const), most: fc.nat({ max: 5 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = createFairQueue<object>()
        const waiting: { who: string; item: object }[] = []
        for (const s of steps) {
          if (s.kind === 'push') {
            waiting.push({ who: s.who, item: {} })
            queue.push(s.who, waiting.at(-1)!.item)
          } else if (s.kind === 'remove') {
            for (const { who, item } of waiting.splice(s.at, 1)) {
              queue.remove(who, item)
              queue.remove(who, item)
            }
          } else {
            for (const item of served(queue, s.most)) {
              const at = waiting.findIndex((w) => w.item === item)
              expect(at).toBeGreaterThanOrEqual(0)
              waiting.splice(at, 1)
            }
          }
          expect(queue.size).toBe(waiting.length)
          expect(queue.partners).toBe(new Set(waiting.map(({ who }) => who)).size)
          const most = Math.max(...['a', 'b', 'c', 'd'].map((who) => queue.waitingOf(who)))
          expect(queue.longest()?.length ?? 0).toBe(most)
        }
        expect(new Set(served(queue, 99))).toEqual(new Set(waiting.map(({ item }) => item)))
      }),
    )
  })
})
