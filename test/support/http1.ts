import { once } from 'node:events'
import type { Dispatcher } from 'undici'
import { openHttp1Pool, type TargetPool } from '../../gateway/http1/pool.ts'
import type { OutgoingCall } from '../../gateway/http1/write.ts'

/** What was told of a call on a pool, in order; and where that ended. */
export interface Told {
  readonly events: string[]
  status: number
  lines: readonly string[]
  trailers: readonly string[]
  readonly body: Buffer[]
  error: (Error & { code?: string }) | undefined
  controller: Dispatcher.DispatchController | undefined
  /** Settles with the last event. */
  readonly ended: Promise<Told>
}

export function openTestPool(
  url: string,
  settings: { idleMs?: number; keepAliveMs?: number } = {},
): TargetPool {
  return openHttp1Pool({
    url,
    connectTimeoutMs: 20_000,
    idleMs: 20_000,
    keepAliveMs: 20_000,
    caCertificate: undefined,
    ...settings,
  })
}

/** Puts a call to a pool. @param more what the test does beside at an event */
export function send(
  pool: TargetPool,
  call: Partial<OutgoingCall> = {},
  more: { onStart?: (told: Told) => void; onData?: (told: Told) => void } = {},
): Told {
  const emitter = new EventTarget()
  const told: Told = {
    events: [],
    status: 0,
    lines: [],
    trailers: [],
    body: [],
    error: undefined,
    controller: undefined,
    ended: once(emitter, 'ended').then(() => told),
  }
  const end = (event: string) => {
    told.events.push(event)
    emitter.dispatchEvent(new Event('ended'))
  }
  pool.dispatch({ method: 'GET', path: '/', headers: ['host', 'service.test'], body: null, ...call }, {
    onRequestStart(controller) {
      told.controller = controller
      told.events.push('begins')
    },
    onRequestSent: () => void told.events.push('sent'),
    onResponseStart(controller, status) {
      told.events.push('head')
      told.status = status
      told.lines = controller.rawHeaders as string[]
      more.onStart?.(told)
    },
    onResponseData(_, chunk) {
      told.body.push(chunk)
      more.onData?.(told)
    },
    onResponseEnd(controller) {
      told.trailers = controller.rawTrailers as string[]
      end('end')
    },
    onResponseError(_, error) {
      told.error = error
      end('error')
    },
  } as Dispatcher.DispatchHandler)
  return told
}

export const textOf = ({ body }: Told) => Buffer.concat(body).toString('latin1')
