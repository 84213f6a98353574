import { removeHeaders } from '../policies/header-list.ts'
import { withoutOwnCookies } from '../policies/oauth2/cookies.ts'
import type { Exchange, HeaderList } from '../policies/policy.ts'
import type { Peer } from './client-address.ts'
import { headerName } from './header-names.ts'
import { traceparentOf, tracestateOf } from './trace.ts'

/** Which headers cross the gateway, in both directions; what each name means for that is in header-names.ts. */

/** Headers of the call to the service, but for `host`, which depends on the target. */
export function outgoingHeaders(x: Exchange, peer: Peer): HeaderList {
  const { rawHeaders, headers } = x.request
  const nominated = nominatedBy(headers.connection as string | undefined)
  const out: HeaderList = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = headerName(rawHeaders[i]!)
    if (name.isNotTheCallers || (name.isAddress && !peer.isTrusted)) continue
    if (nominated?.has(name.lower) && !name.isKept) continue
    const value = name.lower === 'cookie' ? withoutOwnCookies(rawHeaders[i + 1]!) : rawHeaders[i + 1]!
    if (value !== '' || rawHeaders[i + 1] === '') out.push(rawHeaders[i]!, value)
  }
  // RFC 9110 §10.1.4: the only member of TE that has a meaning beyond one hop.
  if (headers.te !== undefined && /(^|,)\s*trailers\s*(,|$)/i.test(headers.te as string))
    out.push('te', 'trailers')

  const carried = peer.isTrusted ? (headers['x-forwarded-for'] as string | undefined) : undefined
  const saidProto = peer.isTrusted ? firstOf(headers['x-forwarded-proto'])?.toLowerCase() : undefined
  const proto = saidProto === 'https' || saidProto === 'http' ? saidProto : x.request.scheme
  const host =
    (peer.isTrusted && firstOf(headers['x-forwarded-host'])) || (headers.host as string | undefined) || ''
  out.push('x-forwarded-for', carried ? `${carried}, ${peer.address}` : peer.address)
  out.push('x-forwarded-proto', proto)
  if (host) out.push('x-forwarded-host', host)
  out.push('forwarded', forwarded(x.request.ip, host, proto))
  const via = headers.via as string | undefined
  const ours = `${peer.protocol} gateway` // RFC 9110 §7.6.3: how it came to us
  out.push('via', via ? `${via}, ${ours}` : ours)
  out.push('x-request-id', x.id)
  out.push('traceparent', traceparentOf(x))
  const state = tracestateOf(x)
  if (state !== undefined) out.push('tracestate', state)
  const { clientCertificate } = x.request
  if (clientCertificate?.isIssued) out.push('client-cert', clientCertificate.header) // RFC 9440
  const { identity } = x
  if (identity) {
    out.push('x-gateway-partner', identity.partnerId)
    out.push('x-gateway-application', identity.applicationId)
    out.push('x-gateway-credential', identity.credentialId)
    out.push('x-gateway-environment', identity.environment)
  }
  return out
}

/** Names and values in turn, as node's parser hands them, or undici: bytes are latin1 there. */
export type RawLines = readonly (Buffer | string | (Buffer | string)[])[]

export interface IncomingHead {
  /** Those that may cross. */
  readonly headers: HeaderList
  /** Content-Length. */
  readonly length: string | undefined
  /** The names of trailers to come. */
  readonly trailer: string | undefined
  /** Transfer-Encoding. */
  readonly coding: string | undefined
}

/** Headers of the service's answer. @param ours how it came to us, as `via` says it: `1.1 gateway` */
export function incomingHeaders(raw: RawLines, id: string, ours: string): IncomingHead {
  const headers: HeaderList = []
  let nominated: Set<string> | undefined
  let via = ours
  let length: string | undefined
  let trailer: string | undefined
  let coding: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const text = textOf(raw[i]!)
    const value = textOf(raw[i + 1]!)
    const { lower, isOfHop } = headerName(text)
    if (isOfHop) {
      if (lower === 'connection') nominated = nominatedBy(value)
      else if (lower === 'trailer') trailer = value
      else if (lower === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`
    } else if (lower === 'via') via = `${value}, ${ours}`
    else if (lower === 'content-length') {
      length = value.replace(/^0+(?=.)/, '') // some read `010` as 8
      headers.push(text, length)
    } else if (lower !== 'x-request-id') headers.push(text, value)
  }
  if (nominated) removeHeaders(headers, (name) => nominated.has(name) && !headerName(name).isKept)
  headers.push('via', via, 'x-request-id', id)
  return { headers, length, trailer, coding }
}

// RFC 9110 §6.5.1: what frames, routes, authenticates or directs must stand in the head, where it was looked at.
const neverTrailing = new Set([
  'age',
  'cache-control',
  'content-range',
  'expires',
  'location',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
])

/** Trailers of the service's answer that may cross, in pairs. */
export function incomingTrailers(raw: readonly (Buffer | string)[]): [string, string][] {
  const out: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) {
    const text = textOf(raw[i]!)
    const { lower, isOfHop, isKept, isOurs } = headerName(text)
    const mayCross = lower === 'content-digest' || !(isOfHop || isKept || neverTrailing.has(lower))
    if (mayCross && !isOurs) out.push([text, textOf(raw[i + 1]!)])
  }
  return out
}

function textOf(value: Buffer | string | (Buffer | string)[]): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(textOf).join(', ') : value.toString('latin1')
}

function nominatedBy(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

const firstOf = (value: string | string[] | undefined) =>
  typeof value === 'string' ? value.split(',')[0]!.trim() : undefined

/** RFC 7239. An IPv6 address is quoted and bracketed (§6). */
function forwarded(ip: string, host: string, proto: string): string {
  const node = ip.includes(':') ? `"[${ip}]"` : ip
  return host ? `for=${node};host="${quotable(host)}";proto=${proto}` : `for=${node};proto=${proto}`
}

const quotable = (host: string) => (/["\\]/.test(host) ? host.replaceAll(/["\\]/g, '') : host)
