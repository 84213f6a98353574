import { looksLikeJwt, readUnverified } from '../../registry/base/jwt-form.ts'
import { Problem, problem } from '../../registry/base/problem.ts'
import { secretPrefixes } from '../../registry/base/secrets.ts'
import type { findIdentityOfApplication } from '../../registry/external-identities.ts'
import type { IdentityRecord } from '../../registry/identities.ts'
import type { SealedIssuer } from '../../registry/issuer-model.ts'
import { grantOf } from './claims.ts'
import type { AskIssuer } from './introspect.ts'
import type { VerifyToken } from './verify.ts'

/** Access tokens that issuers outside the platform gave, taken for those applications that they are mapped to. */
export interface ExternalTokens {
  /**
   * Whether a token may be one of them, by its outside alone: what no issuer claims costs nothing. Yes as long as it is
   * not known which issuers there are.
   */
  mayBe(token: string): boolean
  /**
   * @returns undefined when it is not to be taken
   * @throws Problem issuer-unavailable when its issuer cannot be asked; store-unavailable
   */
  identify(token: string): Promise<IdentityRecord | undefined>
  /** The issuers have changed, or may have. */
  forget(): void
}

export interface ExternalTokensParts {
  /** @throws Problem store-unavailable */
  readonly listIssuers: () => Promise<readonly SealedIssuer[]>
  readonly findIdentity: (
    given: Parameters<typeof findIdentityOfApplication>[1],
  ) => Promise<IdentityRecord | undefined>
  readonly verify: VerifyToken
  readonly ask: AskIssuer
  /** Of our own tokens: they are never taken from an issuer outside, whatever is configured. */
  readonly ownIssuer: string
  readonly now: () => number
  /** Hears why an issuer could not be asked. */
  readonly onFailure: (issuer: string, error: unknown) => void
}

/** The issuers are asked for again after so long, should an event have been missed. ms */
const maxAgeMs = 30_000
const maxChars = 8_192
/** RFC 6750 §2.1 */
const tokenForm = /^[A-Za-z0-9._~+/-]+=*$/

/** One of ours with a typing error in it is nobody's business but ours. */
const ownPrefixes = Object.values(secretPrefixes)
const isOfOurs = (token: string) => ownPrefixes.some((prefix) => token.startsWith(prefix))

interface Known {
  readonly byIssuer: ReadonlyMap<string, SealedIssuer>
  /** Those that are asked about opaque tokens, the longest prefix first. */
  readonly opaque: readonly { readonly prefix: string; readonly issuer: SealedIssuer }[]
}

export function createExternalTokens(parts: ExternalTokensParts): ExternalTokens {
  let loading: Promise<Known> | undefined
  let loadedAt = 0
  let known: Known | undefined

  function load(): Promise<Known> {
    if (loading && parts.now() - loadedAt < maxAgeMs) return loading
    loadedAt = parts.now()
    const question = parts.listIssuers().then((issuers) => prepared(issuers, parts.ownIssuer))
    loading = question
    question.then(
      (found) => {
        if (loading === question) known = found
      },
      () => {
        if (loading === question) loading = undefined
      },
    )
    return question
  }

  function issuerOf({ byIssuer, opaque }: Known, token: string): SealedIssuer | undefined {
    const iss = readUnverified(token)?.claims.iss
    if (typeof iss === 'string') return byIssuer.get(iss)
    return opaque.find(({ prefix }) => token.startsWith(prefix))?.issuer
  }

  async function claimsOf(issuer: SealedIssuer, token: string) {
    try {
      if (issuer.verification.by === 'introspection') return await parts.ask(issuer, token)
      const jwt = readUnverified(token)
      return jwt && (await parts.verify(issuer, token, jwt))
    } catch (error) {
      if (error instanceof Problem) throw error
      parts.onFailure(issuer.name, error)
      throw problem('issuer-unavailable', { retryAfterSeconds: 5 })
    }
  }

  return {
    mayBe(token) {
      if (token.length > maxChars || !tokenForm.test(token) || isOfOurs(token)) return false
      if (!known || parts.now() - loadedAt >= maxAgeMs || !loading) load().catch(() => {}) // in time for the next
      if (!known) return looksLikeJwt(token) ? readUnverified(token)?.claims.iss !== parts.ownIssuer : true
      return issuerOf(known, token) !== undefined
    },
    async identify(token) {
      const issuers = await load().catch((error) => {
        if (known) return known
        throw error
      })
      const issuer = issuerOf(issuers, token)
      if (!issuer) return undefined
      const claims = await claimsOf(issuer, token)
      const given = claims && grantOf(issuer, claims, parts.now())
      return given && parts.findIdentity(given)
    },
    forget() {
      loading = undefined
      load().catch(() => {})
    },
  }
}

function prepared(issuers: readonly SealedIssuer[], ownIssuer: string): Known {
  const byIssuer = new Map<string, SealedIssuer>()
  for (const issuer of issuers)
    if (!issuer.isSuspended && issuer.issuer !== ownIssuer && !byIssuer.has(issuer.issuer))
      byIssuer.set(issuer.issuer, issuer)
  const opaque = [...byIssuer.values()].flatMap((issuer) =>
    issuer.verification.by === 'introspection' ? [{ prefix: issuer.verification.tokenPrefix, issuer }] : [],
  )
  return { byIssuer, opaque: opaque.sort((a, b) => b.prefix.length - a.prefix.length) }
}
