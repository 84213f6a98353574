import { isIP } from 'node:net'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import type { SealedUpstream, Target } from '../registry/model.ts'
import { hasParser } from './http1/parser.ts'
import { openHttp1Pool, type TargetPool } from './http1/pool.ts'
import { openHttp2Pool } from './http2/pool.ts'

/** Shorter than what services commonly keep: a POST must not meet a connection that is just being closed. */
const keepAliveMs = 4_000

/** Connections to a target: over HTTP/2 where its upstream says so; of our own where node's parser is at hand, and of undici elsewhere. */
export function openPool(upstream: SealedUpstream, target: Target): TargetPool {
  const { connectTimeoutMs, idleTimeoutMs: idleMs, caCertificate } = upstream
  if (upstream.protocol !== 'http1')
    return openHttp2Pool({ url: target.url, connectTimeoutMs, idleMs, caCertificate })
  if (hasParser)
    return openHttp1Pool({ url: target.url, connectTimeoutMs, idleMs, keepAliveMs, caCertificate })
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    rejectUnauthorized: true,
    allowH2: false,
    ...(caCertificate && { ca: caCertificate }),
  })
  const pool = new Pool(target.url, {
    connections: target.maxConnections ?? null,
    pipelining: 1,
    headersTimeout: 0, // ours, see Attempt: it is finer, and begins when the body was sent
    bodyTimeout: idleMs,
    keepAliveTimeout: keepAliveMs,
    connect: (options, done) => connect({ ...options, servername: nameOf(options.hostname) }, done),
    allowH2: false,
  })
  return {
    dispatch: ({ method, path, headers, body }, handler) =>
      pool.dispatch({ method: method as Dispatcher.HttpMethod, path, headers: [...headers], body }, handler),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}

/** Of the service, whatever the Host that it is to see: undici would ask for that one's certificate. */
const nameOf = (hostname: string) => (isIP(hostname) ? '' : hostname)
