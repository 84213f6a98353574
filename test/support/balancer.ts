import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, type Call, callOnce, connections } from './load.ts'

/**
 * A plain load balancer: it asks each gateway for `/readyz` every so often and sends calls in turn to those that said
 * yes. It tries nothing twice: a call that meets a closed port is lost.
 */
export interface Balancer {
  call(path: string, call: Omit<Call, 'agent'>): Promise<Answer>
  /** How many it sends calls to. */
  ready(): number
  stop(): Promise<void>
}

export interface Backend {
  readonly url: string
  readonly privateUrl: string
}

export function startBalancer(backends: readonly Backend[], everyMs = 50): Balancer {
  const ending = new AbortController()
  const places = backends.map((backend) => ({ ...backend, isReady: false, agent: connections(8) }))
  const watch = async (place: (typeof places)[number]) => {
    while (!ending.signal.aborted) {
      place.isReady = await fetch(`${place.privateUrl}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
        (answer) => answer.ok,
        () => false,
      )
      await wait(everyMs, undefined, { signal: ending.signal }).catch(() => {})
    }
  }
  const watching = Promise.all(places.map(watch))
  let next = 0
  return {
    call(path, call) {
      const ready = places.filter(({ isReady }) => isReady)
      const place = ready[next++ % ready.length]
      if (!place) throw new Error('no gateway is ready')
      return callOnce(place.url + path, { ...call, agent: place.agent })
    },
    ready: () => places.filter(({ isReady }) => isReady).length,
    async stop() {
      ending.abort()
      await watching
      for (const { agent } of places) agent.destroy()
    },
  }
}
