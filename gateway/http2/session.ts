import { type ClientHttp2Session, connect as connectHttp2, constants, type SessionOptions } from 'node:http2'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

export interface ConnectOptions {
  readonly url: string
  readonly connectTimeoutMs: number
  readonly caCertificate: string | undefined
}

/** Most calls at once on one connection, whatever the service offers; further ones get another. */
const maxCalls = 100

/** What a service may send ahead on one call, before its partner takes it. Bytes */
const streamWindow = 65_535
/** That of the connection must exceed those of its calls: a partner that reads slowly holds up nobody else. */
const connectionWindow = (maxCalls + 1) * streamWindow

/** Bytes of the head of an answer, as for HTTP/1.1. */
export const maxHeadBytes = 16_384

/** A connection to a target, with all the calls on it. */
export interface Session {
  readonly http2: ClientHttp2Session
  /** Calls under way. */
  calls: number
  /** Since when there are none. ms, by the monotonic clock */
  freeAt: number
  /** The last call that the service says it looked at, once it has said so (GOAWAY). */
  lastSeen: number
  /** When something of an answer last came. The same clock */
  heardAt: number
  /** Whether an answer to a PING is awaited. */
  isAsked: boolean
}

export const hasRoom = ({ http2, calls, lastSeen }: Session): boolean =>
  !http2.closed &&
  !http2.destroyed &&
  lastSeen === Number.POSITIVE_INFINITY &&
  calls < Math.min(maxCalls, http2.remoteSettings.maxConcurrentStreams ?? maxCalls)

const options: SessionOptions = {
  settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: maxHeadBytes },
  maxSessionMemory: 32,
}

/**
 * Opens a connection, and waits for the settings of the service: by these it is known to speak HTTP/2, and how many calls
 * it takes, before a call is sent.
 *
 * @returns ends the attempt
 */
export function openSession(
  { url, connectTimeoutMs, caCertificate }: ConnectOptions,
  done: (error: Error | undefined, session?: Session) => void,
): (reason: Error) => void {
  const socket = openSocket(url, caCertificate)
  let http2: ClientHttp2Session | undefined
  let isSettled = false
  const settle = (error: Error | undefined, session?: Session) => {
    if (isSettled) return
    isSettled = true
    clearTimeout(timer)
    socket.off('error', settle).off('close', onClose)
    if (error) {
      socket.on('error', () => {})
      http2?.off('error', settle).on('error', () => {})
      http2?.destroy()
      socket.destroy()
    }
    done(error, session)
  }
  const onClose = () => settle(new Error('the service closed the connection'))
  const timer = setTimeout(() => settle(timedOut()), connectTimeoutMs)
  socket.once('error', settle).once('close', onClose)
  socket.once(isSecure(url) ? 'secureConnect' : 'connect', () => {
    if (isSecure(url) && (socket as TLSSocket).alpnProtocol !== 'h2')
      return settle(new Error('the service does not speak HTTP/2'))
    const own = connectHttp2(url, { ...options, createConnection: () => socket })
    http2 = own
    own.once('error', settle)
    own.once('remoteSettings', () => {
      own.off('error', settle)
      own.setLocalWindowSize(connectionWindow)
      settle(undefined, {
        http2: own,
        calls: 0,
        freeAt: performance.now(),
        heardAt: performance.now(),
        lastSeen: Number.POSITIVE_INFINITY,
        isAsked: false,
      })
    })
  })
  return settle
}

const isSecure = (url: string) => url.startsWith('https:')

const timedOut = () => Object.assign(new Error('no connection in time'), { code: 'CONNECT_TIMEOUT' })

function openSocket(url: string, caCertificate: string | undefined): Socket {
  const { hostname, port } = new URL(url)
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const common = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
  if (!isSecure(url)) return connect({ ...common, port: Number(port || 80) })
  return connectTls({
    ...common,
    port: Number(port || 443),
    ...(!isIP(host) && { servername: host }),
    ...(caCertificate && { ca: caCertificate }),
    ALPNProtocols: ['h2'],
    rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
  })
}

/** Whether a call of this number was surely not looked at: it may be sent again (RFC 9113 §8.7). */
export const isUnseen = ({ lastSeen }: Session, id: number | undefined, rstCode: number) =>
  rstCode === constants.NGHTTP2_REFUSED_STREAM || (id !== undefined && id > lastSeen)
