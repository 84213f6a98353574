import type { IncomingMessage } from 'node:http'
import { type ExchangeLimits, openExchange, readRequest } from '../../gateway/exchange.ts'
import type { Exchange } from '../../policies/policy.ts'

export interface RequestLike {
  readonly method?: string
  readonly url?: string
  /** Names and values in turn. */
  readonly raw?: readonly string[]
  readonly remoteAddress?: string
  readonly httpVersion?: string
}

/** A request as Node's parser hands it over: duplicates joined or dropped as Node does for the headers that matter here. */
export function incoming({
  method = 'GET',
  url = '/',
  raw = ['Host', 'api.test'],
  remoteAddress = '192.0.2.1',
  httpVersion = '1.1',
}: RequestLike) {
  const headers: Record<string, string> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const single = ['host', 'authorization', 'content-length'].includes(name)
    headers[name] =
      name in headers && !single ? `${headers[name]}, ${raw[i + 1]}` : (headers[name] ?? raw[i + 1]!)
  }
  return {
    method,
    url,
    headers,
    rawHeaders: [...raw],
    httpVersion,
    socket: { remoteAddress },
  } as unknown as IncomingMessage
}

export const limits: ExchangeLimits = {
  maxUrlBytes: 200,
  maxHeaders: 20,
  maxHeaderBytes: 2_000,
  maxBodyBytes: 1_000,
  isTrustedProxy: (address) => address.startsWith('10.'),
}

export function readExchange(request: RequestLike): Exchange {
  const req = incoming(request)
  const x = openExchange(req, 0)
  readRequest(x, req, limits)
  return x
}
