import { createFairQueue, type FairQueue } from '../policies/balance/fair-queue.ts'
import type { Busy, Chooser, Exchange, Taken, UpstreamView } from '../policies/policy.ts'
import type { SealedUpstream } from '../registry/model.ts'
import { CallerGone } from './body.ts'
import type { Room } from './room.ts'
import type { Shared, SharedView } from './shared.ts'
import { openWakes, type Wakes } from './wake.ts'

/**
 * Calls of this thread that wait for room at an upstream: bounded, by turns between partners, for a limited time. How
 * many may wait is counted over all threads. Lines outlive the tables: they are kept by the id of the upstream.
 *
 * Whoever ends a call wakes one thread in which calls wait, and that thread takes what room there is. Calls that come
 * while others wait get in line behind them. Room that nobody announces (a target has recovered, a thread has crashed) is
 * seen at the next call that ends, or by a look every now and then.
 */
export interface Waiting {
  /** Where the calls of an upstream get their targets, as one table sees it. */
  enter(settings: SealedUpstream, room: Room, choose: Chooser): Entrance
  /** For rooms: has a thread look at its lines. */
  readonly wake: Wakes['wake']
}

export interface Entrance {
  readonly take: UpstreamView['take']
  /** The caller of a call that waits is gone. */
  leave(x: Exchange): void
}

export interface WaitingParts {
  readonly shared: Pick<Shared, 'wakes'>
  readonly view: SharedView
  readonly thread: number
  readonly observe: (upstream: string, ending: Ending, waitedMs: number) => void
  /** Between two looks for room that nobody announced. */
  readonly lookEveryMs: number
}

/** What became of a call that found no room at once. `full`: so many wait that it may not, or not any longer. */
export type Ending = 'served' | 'full' | 'late' | 'gone'

interface Waiter {
  readonly x: Exchange
  readonly partner: string
  /** Takes a slot by the table of the call. */
  readonly choose: Chooser
  readonly settle: (result: Taken | CallerGone, ending: Ending) => void
}

interface Line {
  readonly queue: FairQueue<Waiter>
  readonly room: Room
  /** Of what is in the queue, how much all threads can see. */
  booked: { calls: number; partners: number }
}

/** Callers without a credential share one turn: they are no partner, and their addresses are too easily many. */
const nobody = ''

export function createWaiting({ shared, view, thread, observe, lookEveryMs }: WaitingParts): Waiting {
  const lines = new Map<string, Line>()
  const waiters = new Map<Exchange, Waiter>()
  let looking: NodeJS.Timeout | undefined
  const wakes = openWakes(shared.wakes, thread, look)

  /** Gives what room there is to those whose turn it is. @returns whether calls still wait */
  function look(): boolean {
    for (const [id, line] of lines) {
      line.queue.serve(offer)
      book(line)
      if (line.queue.size > 0) continue
      lines.delete(id)
      // What this thread was woken for is perhaps still there, for calls that wait in another one.
      if (line.room.isAwaited() && !line.room.isFull()) line.room.announce()
    }
    if (waiters.size > 0) return true
    clearInterval(looking)
    looking = undefined
    return false
  }

  function offer({ x, choose, settle }: Waiter) {
    const taken = choose(x)
    // One that failed somewhere already may not go everywhere: that there is no room for it says nothing about others.
    if (taken === 'busy') return x.tried.length === 0 ? 'nobody' : 'not-me'
    settle(taken, 'served')
    return 'taken'
  }

  function book({ queue, room: { slots }, booked }: Line) {
    for (; booked.calls > queue.size; booked.calls--) view.release(slots.waiting)
    for (; booked.partners > queue.partners; booked.partners--) view.release(slots.partners)
    for (; booked.partners < queue.partners; booked.partners++) view.tryAcquire(slots.partners, unbounded)
  }

  function enter(settings: SealedUpstream, room: Room, chooseTarget: Chooser): Entrance {
    const { id, name, queue: bounds } = settings
    const waitMs = Math.min(bounds.maxWaitMs, settings.timeoutMs)
    const choose: Chooser = (x) => (room.isFull() && x.tried.length === 0 ? 'busy' : chooseTarget(x))

    function take(x: Exchange): Taken | Promise<Taken> {
      // Whoever comes while others wait gets in line behind them.
      const taken = room.isLimited && room.isAwaited() ? 'busy' : choose(x)
      return taken === 'busy' ? wait(x) : taken
    }

    function wait(x: Exchange): Taken | Promise<Taken> {
      const partner = x.identity?.partnerId ?? nobody
      const line = lines.get(id) ?? { queue: createFairQueue(), room, booked: { calls: 0, partners: 0 } }
      if (!room.isLimited || !findPlace(line, partner)) {
        observe(name, 'full', 0)
        return busy()
      }
      lines.set(id, line)
      wakes.listen() // before anybody can know that there is somebody to wake
      looking ??= setInterval(look, lookEveryMs)
      return new Promise((resolve, reject) => {
        const since = performance.now()
        const waiter: Waiter = {
          x,
          partner,
          choose,
          settle(result, ending) {
            clearTimeout(timer)
            waiters.delete(x)
            observe(name, ending, performance.now() - since)
            if (result instanceof CallerGone) reject(result)
            else resolve(result)
          },
        }
        const timer = setTimeout(() => dismiss(waiter, busy(), 'late'), waitMs)
        waiters.set(x, waiter)
        line.queue.push(partner, waiter)
        book(line)
        // Room that came since this call looked: whoever made it saw nobody waiting then.
        if (!room.isFull()) room.announce()
      })
    }

    /** Counted among those that wait, or in the place of one whose partner has more calls waiting here. */
    function findPlace(line: Line, partner: string): boolean {
      if (view.tryAcquire(room.slots.waiting, bounds.maxWaiting)) {
        line.booked.calls++
        return true
      }
      const longest = line.queue.longest()
      if (!longest || longest.length <= line.queue.waitingOf(partner) + 1) return false
      line.queue.remove(longest.partner, longest.last)
      longest.last.settle(busy(), 'full')
      return true
    }

    function dismiss(waiter: Waiter, result: Busy | CallerGone, ending: Ending) {
      const line = lines.get(id)!
      line.queue.remove(waiter.partner, waiter)
      book(line)
      waiter.settle(result, ending)
      look()
    }

    /** So long it takes, at the present rate, until those that wait are served. */
    function busy(): Busy {
      const waiting = room.waiting() + 1
      const ms = (view.releaseMs(room.slots.inFlight) ?? 0) * waiting
      const retryAfterSeconds = Math.min(Math.max(1, Math.ceil(ms / 1_000)), longestRetrySeconds)
      return { retryAfterSeconds }
    }

    return {
      take,
      leave(x) {
        const waiter = waiters.get(x)
        if (waiter) dismiss(waiter, new CallerGone(), 'gone')
      },
    }
  }

  return { enter, wake: wakes.wake }
}

const unbounded = Number.POSITIVE_INFINITY
const longestRetrySeconds = 60
