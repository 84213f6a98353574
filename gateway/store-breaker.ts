import { setTimeout as wait } from 'node:timers/promises'
import { asProblem, problem } from '../registry/base/problem.ts'

/**
 * Keeps calls from queueing up before a Redis that hangs. One question that was waited for in vain closes the way for
 * all: they are refused at once, until a question of our own is answered. So a hanging Redis costs a call its timeout
 * once, and not each call.
 */
export interface StoreBreaker {
  /** @throws Problem store-unavailable, at once while Redis is known to hang */
  ask<T>(question: () => Promise<T>): Promise<T>
  readonly isOpen: boolean
  end(): void
}

export interface StoreBreakerParts {
  /** Resolves when Redis answers. */
  readonly ping: () => Promise<unknown>
  /** A failure that took as long was waited for. What is refused at once costs nobody anything, and opens nothing. ms */
  readonly slowMs: number
  /** Called for every question that Redis did not answer. */
  readonly onFailure: () => void
  readonly now: () => number
  /** Between two pings, ms */
  readonly everyMs?: number
}

export function createStoreBreaker(parts: StoreBreakerParts): StoreBreaker {
  const { ping, slowMs, onFailure, now, everyMs = 250 } = parts
  let isOpen = false
  let isEnded = false

  async function open() {
    if (isOpen) return
    isOpen = true
    while (!isEnded) {
      const isBack = await ping().then(
        () => true,
        () => false,
      )
      if (isBack) break
      await wait(everyMs, undefined, { ref: false })
    }
    isOpen = false
  }

  return {
    ask(question) {
      if (isOpen) {
        onFailure()
        return Promise.reject(
          problem('store-unavailable', { retryAfterSeconds: 1, note: 'Redis was silent a moment ago' }),
        )
      }
      const startedAt = now()
      return question().catch((error) => {
        if (asProblem(error).code === 'store-unavailable') {
          onFailure()
          if (now() - startedAt >= slowMs) void open()
        }
        throw error
      })
    },
    get isOpen() {
      return isOpen
    },
    end() {
      isEnded = true
    },
  }
}
