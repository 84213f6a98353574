/**
 * What is known of a header by its name: worked out once for each spelling, as every call brings the same few. A name is
 * looked up by the text that the parser made of it; comparing it with lists of names, letter case and all, cost more
 * than all else that is done with a header.
 */
export interface HeaderName {
  /** As it was spelled. */
  readonly text: string
  readonly lower: string
  /** Whether it can be written: RFC 9110 §5.6.2. */
  readonly isToken: boolean
  /** Ends here: RFC 9110 §7.6.1. */
  readonly isOfHop: boolean
  /** Crosses even where `Connection` names it: a caller must not make vanish what we or the service rely on. */
  readonly isKept: boolean
  /** Does not cross from a caller: the gateway says it itself, or it would mislead a service. */
  readonly isNotTheCallers: boolean
  /** The caller's address, as proxies of one maker or another call it: theirs to say, not a stranger's. */
  readonly isAddress: boolean
  /** Set by the gateway, under whatever spelling. */
  readonly isOurs: boolean
  /** Says how long a message is or how long a connection lasts; that is for the two ends of it to say. */
  readonly isFraming: boolean
}

const mostKnown = 2_000
const longestKnown = 64
const known = new Map<string, HeaderName>()

export function headerName(text: string): HeaderName {
  const found = known.get(text)
  if (found) return found
  if (text.length > longestKnown) return describe(text)
  if (known.size >= mostKnown) known.clear() // somebody makes up names
  const name = describe(Buffer.from(text, 'latin1').toString('latin1')) // it may be part of a head, which is not to be kept
  known.set(name.text, name)
  return name
}

function describe(text: string): HeaderName {
  const lower = text.toLowerCase()
  const isOfHop = hopByHop.has(lower)
  const ours = isOurs(lower)
  return {
    text,
    lower,
    isToken: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text),
    isOfHop,
    isKept: kept.has(lower),
    isNotTheCallers: isOfHop || ours || misleading.has(lower),
    isAddress: addressOfCaller.has(lower),
    isOurs: ours,
    isFraming: framing.has(lower),
  }
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect', // answered here: the body is asked for once the call is known to be allowed
])
const kept = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-digest',
  'digest',
  'authorization',
  'cookie',
  'date',
  'dpop',
  'early-data', // RFC 8470 §5.1: must go on
  'idempotency-key',
  'signature',
  'signature-input',
  'x-api-key',
  'x-jws-signature',
])
/** `x-gateway-*`, `x-forwarded-*` are treated likewise. */
const setByUs = new Set([
  'client-cert',
  'client-cert-chain',
  'forwarded',
  'host',
  'traceparent',
  'tracestate',
  'via',
  'x-real-ip',
  'x-request-id',
])
/** By these many a framework takes another path or method, or a CGI another proxy, than what was authorised. */
const misleading = new Set([
  'x-original-url',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'proxy',
])
const addressOfCaller = new Set([
  'cf-connecting-ip',
  'client-ip',
  'fastly-client-ip',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
])
const framing = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * Names that only the gateway sets. Some services read `X_Gateway_Partner` as the same header, so that counts too; and
 * what matters under its own name, such as `Content-Length`, does not pass under such a second one.
 */
function isOurs(lower: string): boolean {
  const name = lower.replaceAll('_', '-')
  if (setByUs.has(name) || name.startsWith('x-gateway-') || name.startsWith('x-forwarded-')) return true
  return name !== lower && (hopByHop.has(name) || kept.has(name) || misleading.has(name))
}
