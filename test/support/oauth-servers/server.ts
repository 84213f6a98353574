import { exportJWK, generateKeyPair, type JWK } from 'jose'
import * as oauth from 'oauth4webapi'
import type { z } from 'zod'
import { ClientSettings } from '../../../registry/oauth-model.ts'
import type { Issued } from '../certificates.ts'

/**
 * What a flow test may know of an authorization server, so that one test runs against ours and against a certified one:
 * a test that fails against both is wrong itself.
 */
export interface TestServer {
  readonly name: 'ours' | 'oidc-provider'
  readonly issuer: string
  /** An audience that the server accepts as a resource indicator. */
  readonly resource: string
  /** One for which it issues JWT access tokens. */
  readonly jwtResource: string
  /** Initial access token of dynamic registration. */
  readonly registrationToken: string
  register(wish?: ClientWish): Promise<TestClient>
  /**
   * Acts as the person in a browser of their own: goes where the client sent them, signs in, decides.
   * @returns where the server sends the browser in the end; at the client's redirect URI
   * @throws Error with the page when it ends on a page of the server
   */
  browse(url: URL, decision?: Decision): Promise<URL>
  /** What each request of a client carries, with its certificate where it has one. */
  options(client?: TestClient): HttpOptions
  close(): Promise<void>
}

export type Decision = 'allow' | 'deny'

export interface HttpOptions {
  [oauth.allowInsecureRequests]: true
  [oauth.customFetch]: typeof fetch
}

/** Settings as our model has them; keys are made by the test where the settings need some and give none. */
export type ClientWish = z.input<typeof ClientSettings> & { readonly certificate?: Issued }

export interface TestClient {
  readonly id: string
  readonly secret: string
  readonly settings: ClientSettings
  readonly keys: ClientKeys
  readonly certificate: Issued | undefined
  /** For oauth4webapi. */
  readonly metadata: oauth.Client
  readonly auth: oauth.ClientAuth
  readonly redirectUri: string
}

export interface ClientKeys {
  readonly kid: string
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
}

export const redirectUri = 'https://shop.example/callback'
export const scope = 'payments:read payments:write'

export async function newKeys(alg = 'ES256'): Promise<ClientKeys> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = crypto.randomUUID()
  return { kid, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey }
}

/** The settings that a wish stands for, with keys in them. */
export async function settle({ certificate: _, ...wish }: ClientWish) {
  const keys = await newKeys()
  const grants = wish.grants ?? ['authorization_code', 'refresh_token', 'client_credentials']
  const needsKeys = wish.authentication === 'private_key_jwt' || wish.profile === 'fapi2-message-signing'
  const settings = ClientSettings.parse({
    redirectUris: [redirectUri],
    ...wish,
    grants,
    ...(needsKeys && !wish.jwks && { jwks: { keys: [keys.publicJwk] } }),
  })
  return { keys, settings }
}

export function testClient(
  given: Pick<TestClient, 'id' | 'secret' | 'settings' | 'keys' | 'certificate'>,
): TestClient {
  const { id, settings } = given
  return {
    ...given,
    metadata: { client_id: id },
    auth: authOf(given),
    redirectUri: settings.redirectUris[0] ?? redirectUri,
  }
}

function authOf({ settings, secret, keys }: Pick<TestClient, 'settings' | 'secret' | 'keys'>) {
  switch (settings.authentication) {
    case 'client_secret':
      return oauth.ClientSecretBasic(secret)
    case 'private_key_jwt':
      return oauth.PrivateKeyJwt({ key: keys.privateKey, kid: keys.kid })
    case 'none':
      return oauth.None()
    default:
      return oauth.TlsClientAuth()
  }
}
