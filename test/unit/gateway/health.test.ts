import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createTargetHealth, type HealthChange, type HealthRules } from '../../../gateway/health.ts'
import { createSharedHealth, openHealth } from '../../../gateway/health-cells.ts'
import { UpstreamInput } from '../../../registry/model.ts'

const given = UpstreamInput.parse({ name: 'bank', targets: [{ id: 'a', url: 'http://127.0.0.1:1' }] })
const usual: HealthRules = { ...given, maxRetryAfterSeconds: 30 }
const noBreaker = { ...usual, breaker: null }
const noOutliers = { ...usual, outliers: null }

/** Targets of one upstream on a clock of our own, each seen by two threads. */
function startFleet(size: number, rules: HealthRules = usual) {
  let now = 0
  const shared = createSharedHealth(0)
  const changes: (HealthChange & { slot: number })[] = []
  const fleet = Array.from({ length: size }, (_, slot) => slot)
  const threads = [0, 1].map((thread) => {
    const health = openHealth(shared, () => now)
    return fleet.map((slot) => {
      const onChange = (change: HealthChange) => changes.push({ slot, ...change })
      return createTargetHealth({ health, thread, slot, fleet, rules, onChange, random: () => 0 })
    })
  })
  return {
    shared,
    changes,
    states: () => changes.map(({ slot, state, reason }) => `${slot} ${state} ${reason}`),
    of: (slot: number, thread = 0) => threads[thread]![slot]!,
    wait: (seconds: number) => {
      now += seconds * 1_000
    },
    releaseThread: (thread: number) => openHealth(shared, () => now).releaseThread(thread),
  }
}

const times = (count: number, act: () => void) => {
  for (let i = 0; i < count; i++) act()
}

describe('ejection by failures in a row', () => {
  test.each([
    ['without an answer', 0, 'consecutive-gateway-failures'],
    ['502', 502, 'consecutive-gateway-failures'],
    ['504', 504, 'consecutive-gateway-failures'],
    ['500', 500, 'consecutive-5xx'],
  ])('five calls in a row that end %s take a target out, in all threads', (_, status, reason) => {
    const fleet = startFleet(3)
    times(4, () => fleet.of(1).report(status))
    expect(fleet.of(1).isAvailable()).toBe(true)
    fleet.of(1, 1).report(status)
    expect([0, 1].map((thread) => fleet.of(1, thread).isAvailable())).toEqual([false, false])
    expect(fleet.states()).toEqual([`1 ejected ${reason}`])
    expect(fleet.of(0).isAvailable()).toBe(true)
  })

  test('an answer between them begins the count anew, and a 4xx is one', () => {
    const fleet = startFleet(2)
    times(10, () => {
      times(4, () => fleet.of(0).report(0))
      fleet.of(0).report(404)
    })
    expect(fleet.states()).toEqual(['0 open breaker'])
  })

  test('of ten targets no more are out at a time than the settings allow, but always one', () => {
    const outliers = { ...usual.outliers!, maxEjectedPercent: 20 }
    const fleet = startFleet(10, { ...noBreaker, outliers })
    for (let slot = 0; slot < 10; slot++) times(5, () => fleet.of(slot).report(503))
    expect(fleet.states()).toHaveLength(2)
    const small = startFleet(3, { ...noBreaker, outliers: { ...outliers, maxEjectedPercent: 1 } })
    for (let slot = 0; slot < 3; slot++) times(5, () => small.of(slot).report(503))
    expect(small.states()).toHaveLength(1)
  })

  test('the last available one stays', () => {
    const fleet = startFleet(2, { ...noBreaker, outliers: { ...usual.outliers!, maxEjectedPercent: 100 } })
    for (const slot of [0, 1]) times(50, () => fleet.of(slot).report(500))
    expect([0, 1].filter((slot) => fleet.of(slot).isAvailable())).toEqual([1])
    const alone = startFleet(1, noBreaker)
    times(50, () => alone.of(0).report(500))
    expect(alone.of(0).isAvailable()).toBe(true)
  })

  test('a rule of 0, or no rule, ejects nobody', () => {
    const outliers = { ...usual.outliers!, consecutive5xx: 0, consecutiveGatewayFailures: 0 }
    for (const rules of [
      { ...noBreaker, outliers },
      { ...noBreaker, outliers: null },
    ]) {
      const fleet = startFleet(2, rules)
      times(100, () => fleet.of(0).report(0))
      expect(fleet.changes).toEqual([])
    }
  })
})

describe('the way back', () => {
  const ejected = (rules = noBreaker) => {
    const fleet = startFleet(2, rules)
    times(5, () => fleet.of(0).report(0))
    return fleet
  }

  test('after its time one call at a time tries it, over all threads', () => {
    const fleet = ejected()
    fleet.wait(29.9)
    expect([fleet.of(0).isAvailable(), fleet.of(0).admit(false)]).toEqual([false, 'no'])
    fleet.wait(0.1)
    expect(fleet.of(0).isAvailable()).toBe(true)
    expect(fleet.of(0).admit(false)).toBe('trial')
    for (const thread of [0, 1])
      expect([fleet.of(0, thread).isAvailable(), fleet.of(0, thread).admit(false)]).toEqual([false, 'no'])
    fleet.of(0).endTrial()
    expect(fleet.of(0, 1).admit(false)).toBe('trial')
  })

  test('one thread cannot end the trial of another, but a dead thread’s trial ends', () => {
    const fleet = ejected()
    fleet.wait(30)
    expect(fleet.of(0, 1).admit(false)).toBe('trial')
    fleet.of(0, 0).endTrial()
    fleet.releaseThread(0)
    expect(fleet.of(0).isAvailable()).toBe(false)
    fleet.releaseThread(1)
    expect(fleet.of(0).isAvailable()).toBe(true)
  })

  test('a trial that succeeds lets calls in, slowly at first', () => {
    const fleet = ejected()
    expect(fleet.of(1).weightFactor()).toBe(1) // never at the start
    fleet.wait(30)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(200)
    fleet.of(0).endTrial()
    expect(fleet.states().at(-1)).toBe('0 healthy trial-passed')
    const weights = [0, 2, 3, 4].map((seconds) => {
      fleet.wait(seconds)
      return fleet.of(0, 1).weightFactor()
    })
    expect(weights).toEqual([0.1, 0.2, 0.5, 0.9])
    fleet.wait(1)
    expect(fleet.of(0).weightFactor()).toBe(1)
  })

  test('without slow start it has all of its weight at once', () => {
    const fleet = ejected({ ...noBreaker, slowStartSeconds: 0 })
    fleet.wait(30)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(200)
    expect(fleet.of(0).weightFactor()).toBe(1)
  })

  test('each failed trial keeps it out for longer, up to the longest time', () => {
    const fleet = ejected()
    for (let i = 0; i < 12; i++) {
      fleet.wait(fleet.changes.at(-1)!.seconds!)
      expect(fleet.of(0).admit(false)).toBe('trial')
      fleet.of(0).settleTrial(0)
      fleet.of(0).endTrial()
      expect(fleet.of(0).isAvailable()).toBe(false)
    }
    const seconds = fleet.changes.map((change) => change.seconds)
    expect(seconds.slice(0, 4)).toEqual([30, 60, 90, 120])
    expect(seconds.slice(-3)).toEqual([300, 300, 300])
  })

  test('a target that was well for long is out for the shortest time again', () => {
    const fleet = ejected()
    fleet.wait(30)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(0)
    fleet.of(0).endTrial()
    fleet.wait(60)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(200)
    fleet.of(0).endTrial()
    fleet.wait(29)
    times(5, () => fleet.of(0).report(0))
    expect(fleet.changes.at(-1)!.seconds).toBe(90) // not forgiven yet
    fleet.wait(90)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(200)
    fleet.of(0).endTrial()
    fleet.wait(300)
    times(5, () => fleet.of(0).report(0))
    expect(fleet.changes.at(-1)!.seconds).toBe(30)
  })

  test('where too few others are available it gets calls anyway, and the first one after its time is the trial', () => {
    const fleet = ejected()
    expect([fleet.of(0).isBarred(), fleet.of(0).admit(true)]).toEqual([false, 'yes'])
    fleet.wait(30)
    expect([fleet.of(0).admit(true), fleet.of(0).admit(true)]).toEqual(['trial', 'yes'])
  })
})

describe('circuit breaker', () => {
  test('half of twenty calls without an answer open it, even of the only target, and nothing passes', () => {
    const fleet = startFleet(1)
    times(10, () => fleet.of(0).report(0))
    times(9, () => fleet.of(0).report(200))
    expect(fleet.of(0).isAvailable()).toBe(true)
    fleet.of(0).report(504)
    expect(fleet.states()).toEqual(['0 open breaker'])
    expect([fleet.of(0).isAvailable(), fleet.of(0).isBarred(), fleet.of(0).admit(true)]).toEqual([
      false,
      true,
      'no',
    ])
    fleet.wait(5)
    expect([fleet.of(0).isBarred(), fleet.of(0).isAvailable(), fleet.of(0).admit(true)]).toEqual([
      false,
      true,
      'trial',
    ])
    expect([fleet.of(0).isBarred(), fleet.of(0).admit(true)]).toEqual([true, 'no'])
  })

  test('answers of the service such as 500 do not open it, nor keep it open', () => {
    const fleet = startFleet(1)
    times(100, () => fleet.of(0).report(500))
    expect(fleet.changes).toEqual([])
    times(100, () => fleet.of(0).report(0))
    fleet.wait(5)
    fleet.of(0).admit(false)
    fleet.of(0).settleTrial(500)
    expect(fleet.states()).toEqual(['0 open breaker', '0 healthy trial-passed'])
  })

  test('failures that lie further apart than the window do not add up', () => {
    const fleet = startFleet(1)
    times(10, () => {
      times(9, () => fleet.of(0).report(0))
      fleet.wait(11)
    })
    expect(fleet.changes).toEqual([])
  })

  test('a quiet time before the failures does not hide them', () => {
    const fleet = startFleet(1, noOutliers)
    times(10_000, () => fleet.of(0).report(200))
    times(20, () => fleet.of(0).report(0))
    expect(fleet.states()).toEqual(['0 open breaker'])
  })
})

describe('Retry-After', () => {
  test('leaves the target alone until then, at most for as long as the settings say, but not when too few others are left', () => {
    const fleet = startFleet(2)
    fleet.of(0).report(503, 3_600)
    expect([fleet.of(0).isAvailable(), fleet.of(0).admit(false), fleet.of(0).admit(true)]).toEqual([
      false,
      'no',
      'yes',
    ])
    expect(fleet.of(0).isBarred()).toBe(false)
    fleet.wait(30)
    expect([fleet.of(0).isAvailable(), fleet.of(0).weightFactor()]).toEqual([true, 1])
  })

  test('is not obeyed where the settings say so', () => {
    const fleet = startFleet(2, { ...usual, maxRetryAfterSeconds: 0 })
    fleet.of(0).report(503, 10)
    expect(fleet.of(0).isAvailable()).toBe(true)
  })
})

describe('checks', () => {
  test('a target that fails them gets no calls until it passes them, and then starts slowly', () => {
    const fleet = startFleet(2)
    fleet.of(0).setChecked(false, 'check-timeout')
    fleet.wait(1_000)
    expect([fleet.of(0, 1).isAvailable(), fleet.of(0).admit(true)]).toEqual([false, 'yes'])
    fleet.of(0).setChecked(true, 'check-passed')
    expect([fleet.of(0, 1).isAvailable(), fleet.of(0).weightFactor()]).toEqual([true, 0.1])
    expect(fleet.states()).toEqual(['0 unhealthy check-timeout', '0 healthy check-passed'])
  })

  test('passing them shortens an ejection, but a call has the last word', () => {
    const fleet = startFleet(2, noBreaker)
    times(5, () => fleet.of(0).report(0))
    fleet.of(0).setChecked(true, 'check-passed')
    expect([fleet.of(0).admit(false), fleet.of(0).admit(false)]).toEqual(['trial', 'no'])
    fleet.of(0).settleTrial(0)
    fleet.of(0).endTrial()
    fleet.of(0).setChecked(true, 'check-passed')
    expect(fleet.of(0).isAvailable()).toBe(false)
  })
})

test('whatever happens in whatever order: at most one trial at a time, the last available one is never ejected, and all come back', () => {
  const step = fc.record({
    slot: fc.nat({ max: 3 }),
    thread: fc.nat({ max: 1 }),
    status: fc.constantFrom(200, 200, 0, 500, 503),
    waits: fc.constantFrom(0, 0, 0, 0.2, 6, 40),
    isAbandoned: fc.boolean(),
    isLong: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const fleet = startFleet(4, {
        ...usual,
        outliers: { ...usual.outliers!, maxEjectedPercent: 100 },
        breaker: null,
      })
      const trials = new Map<number, number>() // by slot: the thread that holds it
      const settle = (slot: number, status: number, isAbandoned: boolean) => {
        const thread = trials.get(slot)!
        if (!isAbandoned) fleet.of(slot, thread).settleTrial(status)
        fleet.of(slot, thread).endTrial()
        trials.delete(slot)
      }
      for (const { slot, thread, status, waits, isAbandoned, isLong } of steps) {
        fleet.wait(waits)
        const target = fleet.of(slot, thread)
        const wasAvailable = target.isAvailable()
        const admission = target.admit(false)
        expect(admission !== 'no').toBe(wasAvailable)
        if (admission === 'trial') {
          expect(trials.has(slot)).toBe(false)
          trials.set(slot, thread)
          if (!isLong) settle(slot, status, isAbandoned)
        } else if (admission === 'yes') target.report(status)
        else if (trials.has(slot) && !isLong) settle(slot, status, isAbandoned)
        expect([0, 1, 2, 3].some((s) => fleet.of(s).isAvailable())).toBe(true)
      }
      for (const slot of [...trials.keys()]) settle(slot, 200, false)
      fleet.wait(400)
      for (const slot of [0, 1, 2, 3]) {
        if (fleet.of(slot).admit(false) !== 'trial') continue
        fleet.of(slot).settleTrial(200)
        fleet.of(slot).endTrial()
      }
      expect([0, 1, 2, 3].map((slot) => fleet.of(slot).admit(false))).toEqual(['yes', 'yes', 'yes', 'yes'])
    }),
    { numRuns: 200 },
  )
})
