import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLeaseMemory, type LeaseMemory, viewLeaseMemory } from '../../../gateway/lease-memory.ts'
import { leaseSize } from '../../../gateway/lease-size.ts'
import { createLeases, type Leases } from '../../../gateway/leases.ts'
import type { LimitClaim, LimitsAnswer } from '../../../policies/policy.ts'
import { problem } from '../../../registry/base/problem.ts'
import { giveBack, takeLimits } from '../../../registry/limits.ts'
import type { Registry } from '../../../registry/store.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

let r: Registry & { close(): Promise<void> }
const open: Leases[] = []
beforeEach(async () => {
  r = await testRegistry()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((leases) => leases.drain()))
  await r.close()
})
afterAll(stopSharedRedis)

/** Questions to Redis, over all gateways. */
let questions = 0
let isAway = false
beforeEach(() => {
  questions = 0
  isAway = false
})

function thread(memory: LeaseMemory, number = 0, heldMs = 30_000): Leases {
  const ask = <T>(question: () => Promise<T>): Promise<T> => {
    questions++
    return isAway ? Promise.reject(problem('store-unavailable')) : question()
  }
  const leases = createLeases({
    memory: viewLeaseMemory(memory, number),
    holder: memory.holder,
    take: (request) => ask(() => takeLimits(r, request)),
    giveBack: (all, holder) => ask(() => giveBack(r, all, holder)),
    heldMs,
  })
  open.push(leases)
  return leases
}

/** Gateways of two threads each. */
function gateways(count: number): Leases[] {
  return Array.from({ length: count }, () => {
    const memory = createLeaseMemory(2)
    viewLeaseMemory(memory, 0).setNodes(count)
    return [thread(memory, 0), thread(memory, 1)]
  }).flat()
}

const claim = (kind: LimitClaim['kind'], limit: number, more: object = {}): LimitClaim =>
  ({
    kind,
    owner: 'par_1',
    rule: 'calls',
    limit,
    cost: 1,
    isObserved: false,
    whenStoreFails: 'allow',
    ...(kind === 'calendar' && { period: { unit: 'day', timeZone: 'UTC' } }),
    ...(kind !== 'flight' && kind !== 'calendar' && { windowMs: 60_000 }),
    ...(kind === 'spread' && { burst: limit }),
    ...more,
  }) as LimitClaim

const takeAll = (threads: readonly Leases[], calls: number, claims: readonly LimitClaim[]) =>
  Promise.all(Array.from({ length: calls }, (_, i) => threads[i % threads.length]!.take(claims)))
const allowed = (answers: readonly LimitsAnswer[]) => answers.filter(({ isAllowed }) => isAllowed)

/** What Redis says is left. */
async function leftOf(of: LimitClaim): Promise<number> {
  const wanted = [{ claim: { ...of, cost: 0 }, near: 0, far: 0, lifeMs: 0 }]
  const taken = await takeLimits(r, { wanted, calls: 1, nodes: 1, holder: 'x', heldMs: 1_000 })
  return taken.of[0]!.remaining
}

describe('three gateways of two threads', () => {
  test.each([['window'], ['calendar'], ['flight'], ['spread']] as const)(
    'let 100 of 1,000 calls at once through a limit of 100, exactly unless slots are held ahead: %s',
    async (kind) => {
      // So slow that none comes free meanwhile.
      const more = kind === 'spread' ? { windowMs: 86_400_000 } : {}
      const limit = claim(kind, 100, more)
      const answers = await takeAll(gateways(3), 1_000, [limit])
      const held = 3 * Math.max(0, leaseSize(limit, 3).far - 1)
      expect(held).toBe(kind === 'flight' ? 6 : 0)
      expect(allowed(answers).length).toBeLessThanOrEqual(100)
      expect(allowed(answers).length).toBeGreaterThanOrEqual(100 - held)
      // What refuses is told for how long, and who was let through how much was left.
      for (const { isAllowed, of } of answers) expect(of[0]!.retryAfterMs > 0).toBe(!isAllowed)
    },
  )

  test('never exceed a high limit, and miss it by no more than the leases of the others', async () => {
    const limit = 6_000
    const window = claim('window', limit)
    const threads = gateways(3)
    let letIn = 0
    for (let round = 0; round < 200; round++) {
      const answers = allowed(await takeAll(threads, 60, [window]))
      letIn += answers.length
      if (answers.length === 0) break
    }
    const { far } = leaseSize(window, 3)
    expect(letIn).toBeLessThanOrEqual(limit)
    expect(letIn).toBeGreaterThanOrEqual(limit - 3 * (far - 1))
  })

  test('take from all limits or from none', async () => {
    const wide = claim('window', 1_000_000, { rule: 'wide' })
    const narrow = claim('calendar', 500, { rule: 'narrow' })
    const threads = gateways(3)
    for (let round = 0; round < 20; round++) await takeAll(threads, 60, [wide, narrow])
    await Promise.all(threads.map((leases) => leases.drain()))
    const spent = 500 - (await leftOf(narrow))
    expect(spent).toBeGreaterThan(400)
    expect(1_000_000 - (await leftOf(wide))).toBe(spent)
  })
})

describe('a gateway', () => {
  test('asks Redis for one call in fifty at most, and answers the others at once', async () => {
    const [leases] = gateways(1)
    const claims = [claim('window', 1_000_000), claim('calendar', 10_000_000, { rule: 'quota' })]
    const calls = 20_000
    let waited = 0
    for (let i = 0; i < calls; i++) {
      const answer = leases!.take(claims)
      if ('then' in answer) waited++
      expect((await answer).isAllowed).toBe(true)
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(questions / calls).toBeLessThan(0.02)
    expect(waited / calls).toBeLessThan(0.02)
  })

  test('answers without Redis while a limit is used up', async () => {
    const leases = gateways(1)
    const claims = [claim('window', 5)]
    await takeAll(leases, 10, claims)
    questions = 0
    const answers = await takeAll(leases, 1_000, claims)
    expect(allowed(answers)).toEqual([])
    expect(questions).toBe(0)
  })

  test('asks again when the limit was raised', async () => {
    const [leases] = gateways(1)
    await takeAll([leases!], 10, [claim('window', 5)])
    expect((await leases!.take([claim('window', 6)])).isAllowed).toBe(true)
  })

  test('counts what is only observed, and lets it pass', async () => {
    const threads = gateways(1)
    const observed = claim('window', 5, { isObserved: true, rule: 'observed' })
    const enforced = claim('window', 1_000, { rule: 'enforced' })
    const answers = await takeAll(threads, 20, [observed, enforced])
    expect(allowed(answers)).toHaveLength(20)
    expect(answers.filter(({ of }) => !of[0]!.isAllowed)).toHaveLength(15)
  })

  test.each([['window'], ['calendar']] as const)('gives back what it did not spend: %s', async (kind) => {
    const [leases] = gateways(1)
    // Of so long a window that nothing comes free by itself.
    const limit = 100_000
    const wide = claim(kind, limit, kind === 'calendar' ? {} : { windowMs: 86_400_000 })
    for (let i = 0; i < 50; i++) expect((await leases!.take([wide])).isAllowed).toBe(true)
    await until(async () => {
      await leases!.drain()
      return limit - (await leftOf(wide)) === 50
    })
  })
})

describe('calls in flight', () => {
  test('are let in again as others end, and never more than the limit at once', async () => {
    const threads = gateways(3)
    const limit = claim('flight', 10)
    let flying = 0
    let most = 0
    let passed = 0
    const work = async (n: number) => {
      for (let i = 0; i < 40; i++) {
        const { isAllowed, release } = await threads[n % threads.length]!.take([limit])
        if (!isAllowed) {
          await wait(5) // one who was refused comes again in a while
          continue
        }
        most = Math.max(most, ++flying)
        passed++
        await wait(1) // a call takes its time
        flying--
        release!()
      }
    }
    await Promise.all(Array.from({ length: 30 }, (_, n) => work(n)))
    expect(most).toBeLessThanOrEqual(10)
    expect(passed).toBeGreaterThan(10)
    await until(async () => (await leftOf(limit)) === 10)
  })

  test('cost no question while a gateway has slots at hand', async () => {
    const [leases] = gateways(1)
    const limit = claim('flight', 1_000)
    const round = async () => {
      const { isAllowed, release } = await leases!.take([limit])
      expect(isAllowed).toBe(true)
      release!()
    }
    for (let i = 0; i < 10; i++) await round()
    questions = 0
    for (let i = 0; i < 1_000; i++) await round()
    expect(questions).toBeLessThan(20)
  })

  test('of a gateway that died come free; those of one that lives stay, however long they take', async () => {
    const limit = claim('flight', 4)
    const dead = thread(createLeaseMemory(1), 0, 600)
    const alive = thread(createLeaseMemory(1), 0, 600)
    expect(allowed(await takeAll([dead], 2, [limit]))).toHaveLength(2)
    const [long] = allowed(await takeAll([alive], 1, [limit]))
    await until(async () => {
      await alive.tend()
      return (await leftOf(limit)) === 3
    })
    long!.release!()
    await until(async () => (await leftOf(limit)) === 4)
  })

  test('of a thread that crashed are no longer counted', async () => {
    const memory = createLeaseMemory(2)
    const limit = claim('flight', 4)
    expect(allowed(await takeAll([thread(memory, 1)], 4, [limit]))).toHaveLength(4)
    const other = thread(memory, 0)
    expect((await other.take([limit])).isAllowed).toBe(false)
    viewLeaseMemory(memory, 0).releaseThread(1)
    await until(async () => (await other.take([limit])).isAllowed)
  })
})

describe('while Redis is away', () => {
  const away = (kind: LimitClaim['kind'], whenStoreFails: string) =>
    claim(kind, 30, { whenStoreFails, rule: whenStoreFails })
  const outcomes = (threads: Leases[], of: LimitClaim) =>
    Promise.allSettled(Array.from({ length: 100 }, (_, i) => threads[i % threads.length]!.take([of])))
  const passed = (all: PromiseSettledResult<LimitsAnswer>[]) =>
    all.filter((one) => one.status === 'fulfilled' && one.value.isAllowed).length

  test.each([['window'], ['spread'], ['calendar'], ['flight']] as const)(
    'calls pass, pass by the share of each gateway, or are refused: %s',
    async (kind) => {
      isAway = true
      const threads = gateways(3)
      expect(passed(await outcomes(threads, away(kind, 'allow')))).toBe(100)
      expect(passed(await outcomes(threads, away(kind, 'share')))).toBe(30)
      const refused = await outcomes(threads, away(kind, 'refuse'))
      expect(refused.every(({ status }) => status === 'rejected')).toBe(true)
    },
  )

  test('a gateway that does not know how many there are refuses to share', async () => {
    isAway = true
    const alone = thread(createLeaseMemory(1))
    await expect(alone.take([away('window', 'share')])).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('what is in hand is spent first; and when it is back all goes on', async () => {
    const [leases] = gateways(1)
    const window = claim('window', 1_000_000, { whenStoreFails: 'refuse' })
    for (let i = 0; i < 100; i++) await leases!.take([window])
    isAway = true
    expect(leases!.take([window])).toMatchObject({ isAllowed: true })
    await until(async () => {
      const { isAllowed } = await Promise.resolve(leases!.take([window])).catch(() => ({ isAllowed: false }))
      return !isAllowed
    })
    isAway = false
    expect((await leases!.take([window])).isAllowed).toBe(true)
  })

  test('calls in flight that lasted over it are counted again', async () => {
    const limit = claim('flight', 4)
    const [leases] = gateways(1)
    const flying = allowed(await takeAll([leases!], 3, [limit]))
    isAway = true
    const [uncounted] = await takeAll([leases!], 1, [limit]) // the answer is lost, and with it all trust in what is held
    expect(uncounted!.of[0]!.isCounted).toBe(false)
    isAway = false
    await r.redis.del(r.keys.limit('par_1', 'calls:flight')) // as after a fail-over that lost it
    expect(allowed(await takeAll([leases!], 4, [limit]))).toHaveLength(1)
    for (const { release } of flying) release!()
  })
})
