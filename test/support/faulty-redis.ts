import type { Redis } from '../../registry/redis.ts'

/**
 * How one call of the store goes wrong: it never arrived; it was done and the answer is lost; or Redis answers with an
 * error that is no absence of its own, and says things that are nobody's business.
 */
export type Fault = 'request lost' | 'answer lost' | 'odd refusal'
export const faultKinds: readonly Fault[] = ['request lost', 'answer lost', 'odd refusal']

/** What must never be told. */
export const insideWords =
  /10\.0\.0\.5|6379|ECONN|WRONGTYPE|redis|Connection is closed|ioredis|node_modules|at .*\.ts/i

export interface FaultPlan {
  /** Names of the commands given since `watch`, in order; a pipeline is one. */
  readonly calls: readonly string[]
  /** Counts anew; the n-th call from now, from 0, goes wrong. */
  watch(failAt?: { readonly call: number; readonly fault: Fault }): void
}

/** The same client, one call of which goes wrong when a test plans it. */
export function withFaults(redis: Redis): { redis: Redis; plan: FaultPlan } {
  let calls: string[] = []
  let failing: { readonly call: number; readonly fault: Fault } | undefined
  const plan: FaultPlan = {
    get calls() {
      return calls
    },
    watch(failAt) {
      calls = []
      failing = failAt
    },
  }

  async function asPlanned<T>(name: string, run: () => Promise<T>): Promise<T> {
    const number = calls.push(name) - 1
    if (failing?.call !== number) return run()
    if (failing.fault === 'odd refusal')
      throw Object.assign(new Error('WRONGTYPE at 10.0.0.5:6379'), { name: 'ReplyError' })
    if (failing.fault === 'answer lost') await run()
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:6379'), { syscall: 'connect' })
  }

  const proxied = new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name === 'pipeline' || name === 'multi')
        return (...given: unknown[]) => faultyPipeline(value.apply(target, given), asPlanned)
      return (...given: unknown[]) => {
        const isCommand = typeof name === 'string' && !passive.has(name)
        return isCommand
          ? asPlanned(name, () => value.apply(target, given) as Promise<unknown>)
          : value.apply(target, given)
      }
    },
  })
  return { redis: proxied, plan }
}

/** Methods that ask nothing of the store. */
const passive = new Set([
  'on',
  'once',
  'off',
  'emit',
  'removeListener',
  'duplicate',
  'disconnect',
  'quit',
  'nodes',
])

type Run = <T>(name: string, run: () => Promise<T>) => Promise<T>

/** Its commands are only noted down until `exec`. */
function faultyPipeline(pipeline: object, asPlanned: Run): object {
  const self: object = new Proxy(pipeline, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name === 'exec') return () => asPlanned('pipeline', () => value.call(target))
      return (...given: unknown[]) => {
        const result = value.apply(target, given)
        return result === target ? self : result
      }
    },
  })
  return self
}
