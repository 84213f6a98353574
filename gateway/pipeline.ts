import type { Exchange, Hooks, Outcome, Reply } from '../policies/policy.ts'

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

// biome-ignore lint/suspicious/noConfusingVoidType: see Outcome
export function isPromise(outcome: void | Reply | Promise<void | Reply>): outcome is Promise<void | Reply> {
  return typeof (outcome as Promise<void> | undefined)?.then === 'function'
}
