import type { ClientCredentialsModel } from 'oauth2-server'
import type { OAuthClient } from '../deps.ts'

/** One way to get a token (RFC 6749 §1.3). A new one is a file here and a line in the token endpoint's list. */
export interface Grant {
  /** Value of `grant_type`. */
  readonly name: string
  /** Form parameters that the library gets to see, besides grant_type and client_id. */
  readonly parameters: readonly string[]
  /** The part of the library's model that this grant calls, made for one request. */
  model(request: GrantRequest): Omit<ClientCredentialsModel, 'getClient' | 'getAccessToken'>
}

export interface GrantRequest {
  readonly client: OAuthClient
  /** Keeps the grant and makes the token. */
  issue(scopes: readonly string[]): Promise<string>
}
