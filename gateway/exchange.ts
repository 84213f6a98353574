import { randomUUIDv7 } from 'node:crypto'
import type { Exchange, IncomingRequest } from '../policies/policy.ts'
import { problem } from '../registry/base/problem.ts'
import type { CallerRequest } from './caller.ts'
import { clientAddress, type NetworkSet, plainAddress } from './client-address.ts'
import { isHttp2 } from './http2/request.ts'
import { canonicalPath } from './path.ts'
import type { CertificateOf } from './tls/certificates-of.ts'
import { clientCertificateOf } from './tls/client-certificate.ts'

export interface ExchangeLimits {
  /** Where certificates do not come by connections alone; absent: they do. */
  readonly certificateOf?: CertificateOf | undefined
  readonly maxUrlBytes: number
  readonly maxHeaders: number
  /** Of HTTP/2; those of HTTP/1.1 are counted by node. */
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
  readonly isTrustedProxy: NetworkSet
}

/** The one object per request, with every field set. The request in it may still be found ambiguous: see `readRequest`. */
export function openExchange(req: CallerRequest, now: number): Exchange {
  return {
    id: randomUUIDv7(), // it tells when: the log of calls is searched from there on
    startedAt: now,
    request: unread(req),
    route: undefined,
    params: noParams,
    identity: undefined,
    environment: 'live',
    outgoing: undefined,
    upstream: undefined,
    target: undefined,
    attempt: 0,
    tried: [],
    response: undefined,
    problem: undefined,
    trace: undefined,
    traceparent: '',
    responseHeaders: [],
    notes: {},
    release: undefined,
    wasSent: false,
    isOver: false,
  }
}

const noParams = Object.freeze({})

function unread(req: CallerRequest): IncomingRequest {
  return {
    method: req.method ?? '',
    url: req.url ?? '',
    path: '',
    query: '',
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    ip: '0.0.0.0',
    host: '',
    scheme: 'http',
    clientCertificate: undefined,
    contentLength: undefined,
    hasBody: false,
    body: undefined,
    maxBodyBytes: 0,
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Fills in what the request says, once and for all, and refuses what could be read in two ways.
 * @throws Problem request-malformed, path-ambiguous, uri-too-long, headers-too-large, expectation-failed, too-early
 */
export function readRequest(x: Exchange, req: CallerRequest, limits: ExchangeLimits): void {
  const r = x.request as Writable<IncomingRequest>
  const peer = plainAddress(req.socket.remoteAddress)
  r.ip = clientAddress(peer, req.headers['x-forwarded-for'] as string | undefined, limits.isTrustedProxy)
  if ('encrypted' in req.socket && req.socket.encrypted === true) {
    r.scheme = 'https'
    r.clientCertificate = clientCertificateOf(req.socket)
  }
  if (limits.certificateOf) r.clientCertificate = limits.certificateOf(req)
  r.maxBodyBytes = limits.maxBodyBytes

  const { rawHeaders, headers } = req
  r.hasBody = isHttp2(req)
    ? req.hasBody
    : headers['transfer-encoding'] !== undefined ||
      (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  if (rawHeaders.length > limits.maxHeaders * 2) {
    throw problem('headers-too-large', { detail: `At most ${limits.maxHeaders} header lines are taken.` })
  }
  if (isHttp2(req) && req.headBytes > limits.maxHeaderBytes)
    throw problem('headers-too-large', { detail: `At most ${limits.maxHeaderBytes} bytes are taken.` })
  checkFraming(req, rawHeaders)
  r.contentLength = lengthOf(req)
  if (r.contentLength === 0) r.hasBody = false
  if (headers.expect !== undefined) checkExpectation(headers.expect, req.httpVersion)
  if (headers['early-data'] !== undefined) checkEarly(r.method)

  const target = req.url ?? ''
  if (target.length > limits.maxUrlBytes) {
    throw problem('uri-too-long', { detail: `At most ${limits.maxUrlBytes} bytes are taken.` })
  }
  r.host = hostName(req.headers.host)
  const origin = target.startsWith('/') ? target : originForm(target, r.host)
  const mark = origin.indexOf('?')
  r.path = canonicalPath(mark === -1 ? origin : origin.slice(0, mark))
  r.query = mark === -1 ? '' : checkedQuery(origin.slice(mark))
}

/**
 * Headers of which a second line would let two programs see two different requests.
 * @throws Problem request-malformed
 */
export function checkFraming(req: CallerRequest, raw: readonly string[]): void {
  // Node's parser takes 0.9 and 2.0 as well, and answers them as 1.1.
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0' && !isHttp2(req))
    throw malformed('Its version of HTTP is neither 1.1 nor 1.0.')
  let hosts = 0
  let authorizations = 0
  let lengths = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    const length = name.length
    if (length === 4) hosts += isName(name, 'host')
    else if (length === 13) authorizations += isName(name, 'authorization')
    else if (length === 14) lengths += isName(name, 'content-length')
  }
  if (hosts > 1) throw malformed('It has more than one Host header.')
  if (hosts === 0 && req.httpVersion !== '1.0') throw malformed('It has no Host header (RFC 9112 §3.2).')
  if (authorizations > 1) throw malformed('It has more than one Authorization header.')
  if (lengths > 1) throw malformed('It has more than one Content-Length header.')
  const coding = req.headers['transfer-encoding']
  if (coding === undefined) return
  if (req.httpVersion === '1.0') throw malformed('HTTP/1.0 knows no Transfer-Encoding (RFC 9112 §6.1).')
  if (lengths > 0) throw malformed('It has both Content-Length and Transfer-Encoding (RFC 9112 §6.1).')
  if (coding.trim().toLowerCase() !== 'chunked')
    throw malformed('Only the transfer coding "chunked" is taken.')
}

/**
 * Node drops what comes behind a call that asks for an upgrade, in the same piece, also where the upgrade is ignored.
 * So nothing may come behind it: its answer is the last one.
 */
export const asksForUpgrade = ({ headers }: CallerRequest): boolean =>
  headers.upgrade !== undefined && /(?:^|[\s,])upgrade(?:$|[\s,])/i.test(headers.connection ?? '')

const isName = (name: string, wanted: string) => (name === wanted || name.toLowerCase() === wanted ? 1 : 0)

function lengthOf(req: CallerRequest): number | undefined {
  const text = req.headers['content-length']
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw malformed('Its Content-Length is not a number.')
  return Number(text)
}

/** RFC 9110 §10.1.1: there is one expectation; HTTP/1.0 knows none, and there it is not looked at. */
function checkExpectation(expect: string, httpVersion: string): void {
  if (httpVersion !== '1.0' && expect.toLowerCase() !== '100-continue')
    throw problem('expectation-failed', { detail: 'The only expectation that is met is 100-continue.' })
}

/**
 * RFC 8470 §5.1: a proxy in front took the call from data that a stranger can record and send again. Whatever its value
 * says, the header means that. What only reads may be sent again; the header goes on with it.
 */
function checkEarly(method: string): void {
  if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS')
    throw problem('too-early', { detail: 'Send it again once the handshake of TLS is complete.' })
}

/** Host name in lower case, without port. The port is checked, too: services build links from the whole. */
export function hostName(host: string | undefined): string {
  if (host === undefined || host === '') return ''
  if (host === lastHost) return lastName
  const name = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{0,5})?$/.exec(host.toLowerCase())?.[1]
  if (name === undefined) throw malformed('Its Host header is not a host name.')
  lastHost = host
  lastName = name
  return name
}

/** Most calls name the same host as the call before. */
let lastHost = ''
let lastName = ''

/** RFC 9112 §3.2.2: the absolute form is taken from a proxy's client when it names the same host as Host does. */
function originForm(target: string, host: string): string {
  const match = /^https?:\/\/([^/?#@]+)((?:[/?].*)?)$/i.exec(target)
  if (!match) throw malformed('Its target is not a path.')
  if (hostName(match[1]) !== host) throw malformed('Its target names another host than its Host header.')
  const rest = match[2]!
  return rest.startsWith('/') ? rest : `/${rest}`
}

function checkedQuery(query: string): string {
  for (let i = 0; i < query.length; i++) {
    const c = query.charCodeAt(i)
    if (c <= 0x20 || c >= 0x7f || c === 0x23)
      throw malformed('Its query holds a character that must be escaped.')
  }
  return query
}

const malformed = (detail: string) => problem('request-malformed', { detail })
