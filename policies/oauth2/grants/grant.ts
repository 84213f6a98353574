import type { AbstractGrantType, AuthorizationCodeModel, RefreshTokenModel } from 'oauth2-server'
import type { TokenGrant } from '../../../registry/model.ts'
import type { Confirmation } from '../../../registry/oauth-model.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import type { Form } from '../form.ts'

/** One way to get a token (RFC 6749 §1.3). A new one is a file here and a line in the token endpoint's list. */
export interface Grant {
  /** Value of `grant_type`. */
  readonly name: string
  /** Form parameters that the library gets to see, besides grant_type and client_id. */
  readonly parameters: readonly string[]
  /** The part of the library's model that this grant calls, made for one request. */
  model(request: GrantRequest): GrantModel
  /** Of a grant that the library does not know: what runs it there. */
  readonly runBy?: typeof AbstractGrantType
}

/** What the library calls of it depends on the grant; each grant gives what is called of it. */
export type GrantModel = Partial<AuthorizationCodeModel & RefreshTokenModel> & {
  exchange?(): Promise<Awaited<ReturnType<AuthorizationCodeModel['saveToken']>>>
}

export interface GrantRequest {
  readonly client: OAuthClient
  readonly form: Form
  readonly deps: AuthorizationServerDeps
  /** What the client has proved to hold; tokens are bound to it. */
  readonly confirmation: Confirmation | null
  /** Keeps the grant and makes the token. */
  issue(granted: Granted): Promise<string>
}

/** What a token is to stand for, beside the client that gets it. Left out: as of a token of the application itself. */
export interface Granted
  extends Partial<
    Pick<
      TokenGrant,
      | 'familyId'
      | 'subject'
      | 'authenticatedAt'
      | 'authorizationDetails'
      | 'resources'
      | 'actor'
      | 'exchangedFor'
    >
  > {
  readonly scopes: readonly string[]
  /** ms since the epoch; it lives no longer than this */
  readonly notAfter?: number
  /** Further members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** What the library wants to be told, and never sends. */
export const notIssued = async () => 'not-issued'
