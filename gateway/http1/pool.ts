import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Dispatcher } from 'undici'
import { Connection, type Owner, type Sending } from './connection.ts'
import { place } from './read-place.ts'
import type { OutgoingCall } from './write.ts'

/**
 * The connections of a thread to a target, over HTTP/1.1. How many there may be is not decided here: a call has taken a
 * slot of the target before it comes. The one that was free last is used first, so that those not needed end.
 */
export interface TargetPool {
  dispatch(call: OutgoingCall, handler: Dispatcher.DispatchHandler): void
  /** Calls under way finish. */
  close(): Promise<void>
  destroy(): Promise<void>
}

export interface Http1Options {
  readonly url: string
  readonly connectTimeoutMs: number
  /** Longest silence in the midst of an answer. */
  readonly idleMs: number
  /** Longest time a connection may be free. */
  readonly keepAliveMs: number
  readonly caCertificate: string | undefined
}

/** How often connections are looked at. ms; one timer for all of them */
const lookMs = 50

export function openHttp1Pool(options: Http1Options): TargetPool {
  const { connectTimeoutMs, idleMs, keepAliveMs } = options
  const all = new Set<Connection>()
  const free: Connection[] = []
  const opening = new Set<Socket>()
  let due: Sending[] = []
  let looking: NodeJS.Timeout | undefined
  let isClosing = false
  let onClosed: (() => void) | undefined

  const owner: Owner = {
    keepAliveMs,
    idleMs,
    free(connection) {
      if (isClosing) connection.destroy()
      else free.push(connection)
    },
    ended(connection) {
      all.delete(connection)
      const at = free.indexOf(connection)
      if (at >= 0) free.splice(at, 1)
      if (all.size > 0) return
      clearInterval(looking)
      looking = undefined
      onClosed?.()
    },
  }

  function look() {
    const now = performance.now()
    for (const connection of all) connection.look(now)
  }

  /**
   * Calls are written after all that has arrived was read: a connection on which something came unasked is found out
   * before it is used again, and several calls that came at once leave together.
   */
  function writeDue() {
    const calls = due
    due = []
    const now = performance.now()
    for (const sending of calls) {
      const connection = takeFree(now)
      if (connection) connection.send(sending)
      else open(sending)
    }
  }

  function takeFree(now: number): Connection | undefined {
    for (;;) {
      const connection = free.pop()
      if (connection?.isUsable && connection.isStale(now)) connection.destroy()
      else if (connection?.isUsable !== false) return connection
    }
  }

  function open(sending: Sending) {
    let connection: Connection | undefined
    const settle = () => {
      clearTimeout(timer)
      opening.delete(socket)
      socket.off('error', fail)
    }
    const fail = (error: Error) => {
      settle()
      socket.on('error', () => {}).destroy() // nobody waits for it any more
      sending.handler.onResponseError?.(undefined as never, error)
    }
    const socket = openSocket(options, (bytes) => connection?.receive(bytes))
    const timer = setTimeout(() => fail(timedOut()), connectTimeoutMs)
    opening.add(socket)
    socket.once('error', fail)
    socket.once(options.url.startsWith('https:') ? 'secureConnect' : 'connect', () => {
      settle()
      connection = new Connection(socket, owner)
      all.add(connection)
      looking ??= setInterval(look, lookMs).unref()
      connection.send(sending)
    })
  }

  return {
    dispatch(call, handler) {
      if (due.push({ call, handler }) === 1) setImmediate(writeDue)
    },
    close() {
      isClosing = true
      for (const connection of free.splice(0)) connection.destroy()
      if (all.size === 0) return Promise.resolve()
      return new Promise((resolve) => {
        onClosed = resolve
      })
    },
    async destroy() {
      isClosing = true
      for (const connection of all) connection.destroy()
      for (const socket of opening) socket.destroy(new Error('the connections to the service are ended'))
    },
  }
}

const timedOut = () => Object.assign(new Error('no connection in time'), { code: 'CONNECT_TIMEOUT' })

function openSocket({ url, caCertificate }: Http1Options, receive: (bytes: Buffer) => void): Socket {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const common = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
  if (protocol === 'https:') {
    const name = isIP(host) ? {} : { servername: host }
    const ca = caCertificate ? { ca: caCertificate } : {}
    const socket = connectTls({
      ...common,
      port: Number(port || 443),
      ...name,
      ...ca,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
    })
    return socket.on('data', receive)
  }
  const callback = (length: number) => {
    receive(place.subarray(0, length))
    return true
  }
  return connect({ ...common, port: Number(port || 80), onread: { buffer: place, callback } })
}
