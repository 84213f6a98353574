import type { Take, TokensTaken } from '../../registry/limits.ts'
import type { Environment, NewTokenGrant, TokenFamily, TokenGrant } from '../../registry/model.ts'
import type { FetchJwks } from '../../registry/oauth-keys.ts'

import type { ClientSettings } from '../../registry/oauth-model.ts'
import type { Once } from '../../registry/one-time.ts'
import type { DpopVerifier } from '../proof/dpop.ts'
import type { PublicKeys } from '../proof/keys.ts'

/** What the authorization server may ask of the outside: capabilities, not clients. */
export interface AuthorizationServerDeps {
  /** What partners see before `/oauth2/token`, e.g. `https://api.bank.example`; without a slash at the end. */
  readonly issuer: string
  /** ms since the epoch */
  now(): number
  /**
   * One look-up, whether the client exists or not, so that time tells nothing.
   * @returns undefined for an unknown client and for a wrong secret alike @throws Problem store-unavailable
   */
  findClientBySecret(clientId: string, secret: string): Promise<OAuthClient | undefined>
  /** @returns the token, which nothing can tell again: only its keyed hash is kept */
  issueToken(grant: NewTokenGrant): Promise<string>
  /** A client that has not proved itself, or proves itself by something else than a secret. */
  findClient(clientId: string): Promise<OAuthClient | undefined>
  findToken(token: string): Promise<TokenGrant | undefined>
  /** The same, but nothing when its client, application or partner is not live any more. */
  findLiveToken(token: string): Promise<TokenGrant | undefined>
  revokeToken(token: string): Promise<unknown>
  /** Names a token where it must not be kept. */
  hashOfToken(token: string): string
  /** Addresses of the published versions that the application is subscribed to (RFC 8707). */
  resourcesOf(client: OAuthClient): Promise<readonly string[]>
  /** What people have allowed: see registry/token-families.ts. */
  readonly families: Families
  /** Things that are used once, or within a time; kept under keyed hashes of what is presented for them. */
  readonly once: Once
  /** A JWT, signed with the present key of the authorization server. @throws Problem not-ready without one */
  signJwt(claims: Readonly<Record<string, unknown>>, header: { readonly typ: string }): Promise<string>
  /** Public keys of `signJwt`: of the past, the present and the next (RFC 7517). @throws Problem store-unavailable */
  jwks(): Promise<{ readonly keys: readonly unknown[] }>
  /** Keys of a client that names where they are. */
  readonly fetchJwks: FetchJwks
  readonly dpop: DpopVerifier
  /** Makes keys of clients ready to verify with. */
  readonly publicKeys: PublicKeys
  /** Whether connections can prove certificates of clients at all. */
  readonly takesCertificates: boolean
  /** Another origin at which they do (RFC 8705 §5), without a slash at the end. */
  readonly mtlsUrl: string | undefined
  /** Whether every proof must hold a nonce of ours (RFC 9449 §8). */
  readonly isDpopNonceRequired: boolean
  /** Whether clients may register themselves. */
  readonly takesRegistrations: boolean
  /** With `cost` 0 it only tells what is left. */
  takeTokens(take: Take): TokensTaken | Promise<TokensTaken>
  /** Hears why a client was refused that exists, which callers are told no more of; for those who help it. */
  refused(clientId: string, reason: string): void
  /** Hears of failures of our own, which callers are told nothing of. */
  report(error: unknown): void
}

/** Each may throw Problem store-unavailable. */
export interface Families {
  open(given: Omit<TokenFamily, 'createdAt'>): Promise<TokenFamily>
  /** @returns undefined when it was revoked or has ended */
  find(id: string): Promise<TokenFamily | undefined>
  /** Ends it with all its tokens, in all gateways at once. */
  revoke(id: string): Promise<void>
  /** Up to when codes for this person and client are void, ms since the epoch; 0: none is. */
  withdrawnAt(subject: string, clientId: string): Promise<number>
}

/** A client that has proved who it is. */
export interface OAuthClient {
  readonly id: string
  readonly applicationId: string
  readonly partnerId: string
  readonly environment: Environment
  /** All that may be granted to it. */
  readonly scopes: readonly string[]
  readonly tokenLifetimeSeconds: number
  /** ms since the epoch; no token outlives its client */
  readonly expiresAt: number | null
  readonly title: string
  readonly settings: ClientSettings
  /** ms since the epoch; what was given before is dead */
  readonly tokensNotBefore: number
}
