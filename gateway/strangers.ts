import { LRUCache } from 'lru-cache'
import { networkOf } from '../registry/base/network.ts'
import { problem } from '../registry/base/problem.ts'
import { createRefusals } from './refusals.ts'

/**
 * Bounds what strangers cost the store: a credential that nobody knows is a question to Redis, and anyone can make up as
 * many as he likes. Only answers that say "unknown" are counted, by the network they came from and in all; good
 * credentials cost nothing. Who is out of budget is refused here, unless the credential was good in this process before:
 * so a flood from behind the same address does not lock out the partners there. Half of a budget is kept for credentials
 * that were refused and come again some seconds later: a good one that is new gets in by it, unless the flood comes
 * again with each of its own, too.
 */
export interface Strangers {
  /** Before the store is asked. @throws Problem lookups-limited */
  admit(address: string, hash: () => string): void
  /** The store did not know it. */
  failed(address: string): void
  /** The store knew it. */
  succeeded(hash: string): void
}

export interface StrangersParts {
  /** Of one network, and of all: unknown credentials that may be asked for, per second. */
  readonly perNetwork: number
  readonly inAll: number
  /** Credentials that were good once, as all threads see them. */
  readonly known: SharedArrayBuffer
  readonly now: () => number
  readonly onRefused: () => void
}

interface Budget {
  left: number
  /** For those that come again; what they spend is taken from `left` as well. */
  leftAgain: number
  at: number
}

/** Saved up while nothing fails, seconds. */
const burstSeconds = 10
/** Most networks that are told apart: the total stands behind them. */
const maxNetworks = 10_000
const knownCells = 131_072

/** For `known`: half a megabyte, whatever comes. */
export const createKnown = () => new SharedArrayBuffer(knownCells * 4)

export function createStrangers({ perNetwork, inAll, known, now, onRefused }: StrangersParts): Strangers {
  const networks = new LRUCache<string, Budget>({ max: maxNetworks })
  const total = fullBudget(inAll)
  const refusals = createRefusals(now)
  const cells = new Int32Array(known)

  const refilled = (budget: Budget, rate: number): Budget => {
    const at = now()
    const earned = (Math.max(0, at - budget.at) / 1_000) * rate
    budget.left = Math.min(rate * burstSeconds, budget.left + earned)
    budget.leftAgain = Math.min(rate, budget.leftAgain + earned / 2)
    budget.at = at
    return budget
  }

  function fullBudget(rate: number): Budget {
    return { left: rate * burstSeconds, leftAgain: rate, at: now() }
  }

  function budgetOf(address: string): Budget {
    const network = networkOf(address)
    let own = networks.get(network)
    if (!own) {
      own = fullBudget(perNetwork)
      networks.set(network, own)
    }
    return refilled(own, perNetwork)
  }

  /** Takes of what is kept for those that come again. */
  function mayComeAgain(address: string): boolean {
    const own = budgetOf(address)
    if (own.leftAgain < 1 || refilled(total, inAll).leftAgain < 1) return false
    own.leftAgain -= 1
    total.leftAgain -= 1
    return true
  }

  function isSpent(address: string): boolean {
    if (refilled(total, inAll).left < 1) return true
    const own = networks.get(networkOf(address))
    return own !== undefined && refilled(own, perNetwork).left < 1
  }

  return {
    admit(address, hash) {
      if (!isSpent(address)) return
      const text = hash()
      if (wasGood(cells, text) || (refusals.has(text) && mayComeAgain(address))) return
      refusals.add(text)
      onRefused()
      throw problem('lookups-limited', {
        detail:
          'Too many unknown credentials came from this network. Send the call again in some seconds; credentials that were used here before are not held up.',
        retryAfterSeconds: 2,
      })
    },
    failed(address) {
      budgetOf(address).left -= 1
      refilled(total, inAll).left -= 1
    },
    succeeded: (hash) => markGood(cells, hash),
  }
}

/**
 * A table by hash, in which a newer credential may take the place of an older one; that one is then a stranger again,
 * until the next good answer. What is taken for known wrongly (one in four billion) is asked for, no more.
 */
function wasGood(cells: Int32Array, hash: string): boolean {
  const [cell, mark] = placeOf(hash)
  return Atomics.load(cells, cell) === mark
}

function markGood(cells: Int32Array, hash: string): void {
  const [cell, mark] = placeOf(hash)
  Atomics.store(cells, cell, mark)
}

function placeOf(hash: string): [cell: number, mark: number] {
  const bytes = Buffer.from(hash, 'base64url')
  return [bytes.readUInt32LE(0) % knownCells, bytes.readInt32LE(4) | 1]
}
