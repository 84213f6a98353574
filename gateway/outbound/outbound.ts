import { lookup as dnsLookup } from 'node:dns/promises'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'
import { createDestinations } from './addresses.ts'

/**
 * Requests of our own to addresses that others chose: keys of clients, external issuers. They must not become a way
 * into our own network (SSRF). So: https only, each address that the name leads to is judged, the connection goes to
 * one that was judged (no second look-up that could say another), no redirects, no cookies, no proxy, few bytes,
 * little time.
 */
export interface Outbound {
  /** @throws Error saying what went wrong, for our log; never to be told to whoever caused the request */
  send(request: OutboundRequest): Promise<OutboundAnswer>
}

export interface OutboundRequest {
  /** https, without user and password */
  readonly url: string
  /** Default: GET. */
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Most bytes of the answer. */
  readonly maxBytes: number
  /** For all of it, from the look-up of the name to the last byte. */
  readonly timeoutMs: number
}

/** Whatever the status; a redirect is an answer like any other. */
export interface OutboundAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface OutboundParts {
  /** Networks (CIDR) that are no part of the Internet and may be reached all the same. */
  readonly networks: readonly string[]
  /** PEM of authorities that are believed beside the well-known ones. */
  readonly ca?: string | undefined
  /** Absent: the system's. */
  readonly resolve?: (host: string) => Promise<readonly { address: string; family: number }[]>
}

export function createOutbound({ networks, ca, resolve = resolveAll }: OutboundParts): Outbound {
  const mayReach = createDestinations(networks)
  const authorities = ca === undefined ? undefined : [...getCACertificates('default'), ca]

  async function judged(host: string) {
    const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host)
    if (found.length === 0) throw new Error('the name leads nowhere')
    const barred = found.find(({ address }) => !mayReach(address))
    if (barred) throw new Error(`the name leads to ${barred.address}, which is not to be reached from here`)
    return found
  }

  async function sendTo(url: URL, request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const addresses = await Promise.race([judged(hostOf(url)), aborted(signal)])
    const { method = 'GET', headers, body, maxBytes } = request
    const req = httpsRequest(url, {
      method,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
      agent: false,
      minVersion: 'TLSv1.2',
      lookup: pinned(addresses),
      signal,
      ...(authorities && { ca: authorities }),
    })
    const answered = new Promise<IncomingMessage>((resolved, rejected) => {
      req.once('response', resolved)
      req.on('error', rejected)
    })
    req.end(body)
    const answer = await answered
    return {
      status: answer.statusCode!,
      headers: answer.headers,
      body: await textOf(answer, maxBytes),
    }
  }

  return {
    async send(request) {
      const url = URL.parse(request.url)
      if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '')
        throw new Error('an address that others chose must be https, without user and password')
      const signal = AbortSignal.timeout(request.timeoutMs)
      try {
        return await sendTo(url, request, signal)
      } catch (error) {
        const why = signal.aborted
          ? `no whole answer within ${request.timeoutMs} ms`
          : (error as Error).message
        throw new Error(`${url.origin}${url.pathname}: ${why}`, { cause: error })
      }
    },
  }
}

const resolveAll = (host: string) => dnsLookup(host, { all: true, order: 'verbatim' })

const hostOf = ({ hostname }: URL) => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)

/** A look-up that says what was judged, whatever it is asked. */
function pinned(addresses: readonly { address: string; family: number }[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all) done(null, [...addresses])
    else done(null, addresses[0]!.address, addresses[0]!.family)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )

async function textOf(answer: IncomingMessage, maxBytes: number): Promise<string> {
  if (answer.headers['content-encoding'] !== undefined) {
    answer.destroy()
    throw new Error('the answer is compressed, which was not asked for')
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    // Leaving the loop ends the connection, too.
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
