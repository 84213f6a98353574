import type { findIdentityOfApplication } from '../../registry/external-identities.ts'
import type { SealedIssuer } from '../../registry/issuer-model.ts'
import { ActorClaim, AuthorizationDetails, Confirmation } from '../../registry/oauth-model.ts'

type Given = Parameters<typeof findIdentityOfApplication>[1]

/** A token without an end (only by introspection) is asked for again after this in any case. */
const longestMs = 3_600_000

/**
 * What a token of another issuer is worth here. What it demands and we cannot hold it to makes it worth nothing: a key
 * that it is bound to in a way we do not know, details of an authorization that are none of ours.
 */
export function grantOf(
  issuer: SealedIssuer,
  claims: Readonly<Record<string, unknown>>,
  now: number,
): Given | undefined {
  const applicationId = applicationOf(issuer, claims)
  if (applicationId === undefined) return undefined
  const confirmation = understood(Confirmation, claims.cnf)
  const authorizationDetails = understood(AuthorizationDetails, claims.authorization_details)
  if (confirmation === undefined || authorizationDetails === undefined) return undefined
  const actor = ActorClaim.safeParse(claims.act)
  const subject = typeof claims.sub === 'string' ? claims.sub : null
  return {
    // Of a machine the subject is the client itself (RFC 9068 §2.2); no person then.
    subject: subject === claims.client_id || subject === claims.azp ? null : subject,
    credentialId: issuer.id,
    applicationId,
    environment: issuer.environment,
    scopes: scopesOf(issuer, claims),
    issuedAt: msOf(claims.iat) ?? now,
    expiresAt: (msOf(claims.exp) ?? now + longestMs) + issuer.clockToleranceSeconds * 1000,
    familyId: null,
    exchangedFor: [],
    authenticatedAt: msOf(claims.auth_time) ?? null,
    confirmation,
    authorizationDetails,
    resources: [],
    actor: actor.success ? actor.data : null,
    issuerId: issuer.id,
  }
}

function applicationOf({ applicationClaim, applications }: SealedIssuer, claims: object): string | undefined {
  const value = ownOf(claims, applicationClaim)
  const id = typeof value === 'string' ? ownOf(applications, value) : undefined
  return typeof id === 'string' ? id : undefined
}

/** @returns null: not narrowed */
function scopesOf({ scopeClaim }: SealedIssuer, claims: object): string[] | null {
  if (scopeClaim === null) return null
  const value = ownOf(claims, scopeClaim)
  if (typeof value === 'string') return value.split(' ').filter(Boolean)
  return Array.isArray(value) ? value.filter((scope): scope is string => typeof scope === 'string') : []
}

/** Claim names and values come from outside: `__proto__` must lead nowhere. */
const ownOf = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined

const msOf = (seconds: unknown) =>
  typeof seconds === 'number' && Number.isFinite(seconds) ? Math.floor(seconds * 1000) : undefined

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

/** @returns null where the token says nothing, undefined where we do not understand what it says */
function understood<T>(schema: Schema<T>, value: unknown): T | null | undefined {
  if (value === undefined || value === null) return null
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}
