import type { Exchange, Hooks, Outcome } from '../policies/policy.ts'

type Hook = (x: Exchange) => Outcome
type EndHook = (x: Exchange) => void

/** What the policies of a route compile to. Arrays in running order; `onResponse` is already reversed. */
export interface Pipeline {
  readonly onRequest: readonly Hook[]
  readonly onUpstream: readonly Hook[]
  readonly onResponse: readonly Hook[]
  readonly onEnd: readonly EndHook[]
  /** Whether onRequest hooks need the whole body. */
  readonly readsBody: boolean
}

export const emptyPipeline: Pipeline = {
  onRequest: [],
  onUpstream: [],
  onResponse: [],
  onEnd: [],
  readsBody: false,
}

export function assemble(hooks: readonly Hooks[]): Pipeline {
  return {
    onRequest: hooks.flatMap((h) => h.onRequest ?? []),
    onUpstream: hooks.flatMap((h) => h.onUpstream ?? []),
    onResponse: hooks.flatMap((h) => h.onResponse ?? []).reverse(),
    onEnd: hooks.flatMap((h) => h.onEnd ?? []),
    readsBody: hooks.some((h) => h.readsBody),
  }
}

/**
 * Runs hooks in order until one replies. Waits only where a hook gave a promise: as long as all answer at once, so does
 * this.
 */
export function run(hooks: readonly Hook[], x: Exchange, from = 0): Outcome {
  for (let i = from; i < hooks.length; i++) {
    const outcome = hooks[i]!(x)
    if (outcome === undefined) continue
    return isPromise(outcome) ? outcome.then((reply) => reply ?? run(hooks, x, i + 1)) : outcome
  }
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}

/** Goes on with a value at once where it is there already: an `await` would wait, and make a promise, in any case. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? value.then(next) : next(value)
}
