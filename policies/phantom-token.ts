import { z } from 'zod'
import { newId } from '../registry/base/ids.ts'
import { removeHeader, removeHeaders, setHeader } from './header-list.ts'
import type { Deps, Exchange, Identity, Policy } from './policy.ts'

const notForTokens = new Set([
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'traceparent',
  'transfer-encoding',
  'upgrade',
  'via',
])

const schema = z.strictObject({
  header: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'a header name in lower case')
    .refine(
      (name) => !notForTokens.has(name) && !name.startsWith('x-gateway-'),
      'this header has another meaning',
    )
    .default('authorization')
    .describe(
      'Header that carries the token. Whatever the caller sent in it is taken away. If the upstream presents a credential of the gateway in `authorization`, choose another.',
    ),
  scheme: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/, 'an authentication scheme')
    .nullable()
    .default('Bearer')
    .describe('Stands before the token and a space; `null`: only the token.'),
  audience: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      '`aud` of the token: what the service expects to be called. Default: the name of the upstream.',
    ),
  lifetimeSeconds: z
    .int()
    .min(10)
    .max(600)
    .default(60)
    .describe('How long a token is good. One is used for about half of it, for all calls of a caller.'),
})
type Config = z.infer<typeof schema>

/**
 * Opaque outside, signed inside: the service learns who calls from a JWT that it can check by itself, whatever the
 * caller has presented, be it an API key, an opaque token or one that another issuer gave.
 */
export const phantomToken: Policy<Config> = {
  name: 'phantom-token',
  summary: 'Tells the service who calls, by a short-lived signed JWT in place of the caller’s credential.',
  schema,
  compile(config, deps) {
    const { header, scheme } = config
    const before = scheme === null ? '' : `${scheme} `
    const tokens = createTokens(config, deps)
    // Some services read `X_Identity` as `X-Identity`.
    const isHeader = (name: string) => name.replaceAll('_', '-') === header
    const clear = header.includes('-')
      ? (list: string[]) => removeHeaders(list, isHeader)
      : (list: string[]) => removeHeader(list, header)

    return {
      onUpstream(x) {
        const { headers } = x.outgoing!
        clear(headers)
        if (x.identity === undefined) return
        const token = tokens.of(x, x.identity)
        if (typeof token === 'string') {
          setHeader(headers, header, before + token)
          return
        }
        return token.then((signed) => setHeader(headers, header, before + signed))
      },
    }
  },
}

interface Entry {
  readonly token: string
  /** From here on a new one is signed while this one is used still; ms since the epoch. */
  readonly renewAt: number
  /** From here on it is not used any more. */
  readonly endsAt: number
}

interface Held {
  entry: Entry | undefined
  pending: Promise<string> | undefined
}

/** Identities are shared between calls and dropped when they are doubtful, and what was signed for them goes along. */
function createTokens(config: Config, deps: Deps) {
  const ofIdentity = new WeakMap<Identity, Map<string, Held>>()

  function heldFor(x: Exchange, identity: Identity): Held {
    let all = ofIdentity.get(identity)
    if (!all) {
      all = new Map()
      ofIdentity.set(identity, all)
    }
    // One config may stand for several versions, whose scopes and upstreams differ.
    const { versionId } = x.route!
    let held = all.get(versionId)
    if (!held) {
      held = { entry: undefined, pending: undefined }
      all.set(versionId, held)
    }
    return held
  }

  function sign(x: Exchange, identity: Identity, held: Held): Promise<string> {
    const now = deps.now()
    const iat = Math.floor(now / 1000)
    const exp = Math.min(iat + config.lifetimeSeconds, Math.floor(identity.expiresAt / 1000))
    // One that cannot be longer, as the caller's own ends, is used to its end: another would be no better.
    const isLast = exp < iat + config.lifetimeSeconds
    const endsAt = isLast ? exp * 1000 : (exp - Math.min(5, config.lifetimeSeconds / 4)) * 1000
    const renewAt = isLast ? endsAt : now + config.lifetimeSeconds * 500
    const audience = config.audience ?? x.upstream!.name
    const claims = claimsOf(x, identity, { iss: deps.realm, aud: audience, iat, exp, jti: newId('jti') })
    held.pending = deps.signJwt(claims, { typ: 'JWT' }).then(
      (token) => {
        held.entry = { token, renewAt, endsAt }
        held.pending = undefined
        return token
      },
      (error) => {
        held.pending = undefined
        throw error
      },
    )
    return held.pending
  }

  return {
    /** A plain value once there is one for this caller. @throws Problem not-ready without a signing key */
    of(x: Exchange, identity: Identity): string | Promise<string> {
      const held = heldFor(x, identity)
      const { entry } = held
      const now = deps.now()
      if (entry === undefined || now >= entry.endsAt) return held.pending ?? sign(x, identity, held)
      // In time, so that nobody waits; if it fails, the next call tries again.
      if (now >= entry.renewAt && held.pending === undefined) sign(x, identity, held).catch(() => {})
      return entry.token
    },
  }
}

function claimsOf(x: Exchange, identity: Identity, registered: Record<string, unknown>) {
  const { grant } = identity
  const scopes = scopesAt(x, identity)
  return {
    ...registered,
    sub: subjectOf(identity),
    client_id: identity.credentialId,
    partner_id: identity.partnerId,
    application_id: identity.applicationId,
    environment: identity.environment,
    ...(scopes && { scope: scopes.join(' ') }),
    // What another issuer says that people have allowed was allowed to nobody here, and its actors are none of ours.
    ...(grant?.issuerId === null && {
      ...(grant.authorizationDetails && { authorization_details: grant.authorizationDetails }),
      ...(grant.actor && { act: grant.actor }),
    }),
  }
}

/** A person whom another issuer names must not be taken for one of ours: a service may go by this claim alone. */
function subjectOf({ grant, applicationId }: Identity): string {
  if (grant?.subject == null) return applicationId
  return grant.issuerId === null ? grant.subject : `${grant.issuerId}:${grant.subject}`
}

/** What the caller may do at this version. @returns undefined: nothing narrows it */
function scopesAt(x: Exchange, { scopes, subscriptions }: Identity): string[] | undefined {
  const granted = subscriptions.get(x.route!.versionId)?.scopes
  if (scopes === undefined) return granted ? [...granted] : undefined
  return granted ? [...scopes].filter((scope) => granted.has(scope)) : [...scopes]
}
