import type { GivenBack } from '../registry/limits.ts'
import type { Slot } from './lease-cells.ts'
import type { Local } from './lease-locals.ts'
import type { Filled, LeaseView } from './lease-memory.ts'

/** The leases that a thread took: put into memory for all threads, and collected when their life is over. */
export interface Tokens {
  /** @param untilMs when it may no longer be spent */
  keep(local: Local, slot: Slot, tokens: number, stamp: number, untilMs: number): void
  giveBack(all: readonly GivenBack[]): Promise<void>
  /** All that is left of them, now. */
  giveBackAll(): Promise<void>
}

interface Own extends Filled {
  readonly local: Local
  readonly slot: Slot
  readonly stamp: number
  readonly size: number
  timer: NodeJS.Timeout | undefined
}

export function createTokens(memory: LeaseView, send: (all: readonly GivenBack[]) => Promise<void>): Tokens {
  const owned = new Set<Own>()

  function collect(own: Own): GivenBack[] {
    owned.delete(own)
    clearTimeout(own.timer)
    const amount = memory.collect(own.slot, own)
    if (amount === 0) return []
    memory.setDemand(own.slot, Math.max(1, own.size - amount))
    return [{ claim: own.local.claim, amount, stamp: own.stamp }]
  }

  /** Lost on the way, they are missed until the window is over: fewer calls, never more. */
  const giveBack = async (all: readonly GivenBack[]) => {
    if (all.length > 0) await send(all).catch(() => {})
  }

  return {
    giveBack,
    keep(local, slot, tokens, stamp, untilMs) {
      const now = memory.now()
      const filled = memory.fill(slot, tokens, untilMs, now)
      if (!filled) return void giveBack([{ claim: local.claim, amount: tokens, stamp }])
      const own: Own = { ...filled, local, slot, stamp, size: tokens, timer: undefined }
      owned.add(own)
      own.timer = setTimeout(() => giveBack(collect(own)), Math.max(0, untilMs - now))
      own.timer.unref()
    },
    giveBackAll: () => giveBack([...owned].flatMap(collect)),
  }
}
