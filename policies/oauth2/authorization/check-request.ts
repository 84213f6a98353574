import {
  InvalidRequestError,
  InvalidScopeError,
  UnauthorizedClientError,
  UnsupportedResponseTypeError,
} from 'oauth2-server'
import { readAuthorizationDetails } from '../authorization-details.ts'
import type { AuthorizationRequest } from '../authorization-request.ts'
import type { Answerable } from '../authorization-response.ts'
import type { AuthorizationServerDeps, OAuthClient } from '../deps.ts'
import type { Form } from '../form.ts'
import { resourcesFor } from '../resources.ts'
import { redirectUriFor } from './redirect-uris.ts'

/**
 * Where and how a request is answered, be it right or wrong.
 *
 * @throws InvalidRequestError when the redirect URI is missing or not the client's: nobody is sent there
 */
export function answerableOf(parameters: Form, client: OAuthClient): Answerable {
  const mode = parameters.get('response_mode')
  const isSigned = mode === undefined ? mustBeSigned(client) : jwtModes.includes(mode)
  return {
    clientId: client.id,
    redirectUri: redirectUriFor(parameters.get('redirect_uri'), client),
    state: parameters.get('state') ?? null,
    responseMode: isSigned ? 'jwt' : 'query',
  }
}

/** JARM §2.3: `jwt` is the one that goes with the response type, which for a code is in the query. */
const jwtModes = ['jwt', 'query.jwt']

/** FAPI 2.0 Message Signing §5.4.1 */
const mustBeSigned = ({ settings }: OAuthClient) => settings.profile === 'fapi2-message-signing'

/**
 * Checks all that a client asks a person for.
 *
 * @throws OAuthError in the words of RFC 6749 §4.1.2.1 and the extensions. @throws Problem store-unavailable
 */
export async function checkRequest(
  parameters: Form,
  answerable: Answerable,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<AuthorizationRequest> {
  if (!client.settings.grants.includes('authorization_code'))
    throw new UnauthorizedClientError('This client may not ask for codes')
  checkResponse(parameters, answerable, client)
  const details = readAuthorizationDetails(parameters.get('authorization_details'), client)
  return {
    ...answerable,
    pushedId: null,
    environment: client.environment,
    codeChallenge: challengeOf(parameters),
    scopes: scopesOf(parameters.get('scope'), client, details !== null),
    authorizationDetails: details,
    resources: await resourcesFor(parameters.get('resource'), [], client, deps),
    dpopJkt: thumbprintOf(parameters.get('dpop_jkt')),
    ...wishesOf(parameters),
  }
}

function checkResponse(parameters: Form, { responseMode }: Answerable, client: OAuthClient): void {
  const type = parameters.get('response_type')
  if (type === undefined) throw new InvalidRequestError('response_type is missing')
  if (type !== 'code') throw new UnsupportedResponseTypeError('Only the response type code is supported')
  const mode = parameters.get('response_mode') ?? responseMode
  if (mode !== 'query' && !jwtModes.includes(mode))
    throw new InvalidRequestError('response_mode must be query, jwt or query.jwt')
  if (mustBeSigned(client) && responseMode !== 'jwt')
    throw new InvalidRequestError('Answers to this client are signed: response_mode must be jwt')
}

/** RFC 7636 in the form of RFC 9700 §2.1.1: always, and only S256. */
function challengeOf(parameters: Form): string {
  const challenge = parameters.get('code_challenge')
  if (challenge === undefined) throw new InvalidRequestError('code_challenge is missing: use PKCE')
  if (parameters.get('code_challenge_method') !== 'S256')
    throw new InvalidRequestError('code_challenge_method must be S256')
  if (!sha256.test(challenge)) throw new InvalidRequestError('code_challenge is no SHA-256 in base64url')
  return challenge
}

const sha256 = /^[A-Za-z0-9_-]{43}$/

function thumbprintOf(jkt: string | undefined): string | null {
  if (jkt !== undefined && !sha256.test(jkt))
    throw new InvalidRequestError('dpop_jkt is no SHA-256 in base64url')
  return jkt ?? null
}

/** Nothing asked for: all that the client may have; but nothing where it says in detail what it wants (RFC 9396 §3). */
function scopesOf(asked: string | undefined, client: OAuthClient, hasDetails: boolean): string[] {
  if (asked === undefined) return hasDetails ? [] : [...client.scopes]
  const scopes = [...new Set(asked.split(' '))]
  if (!scopes.every((scope) => client.scopes.includes(scope)))
    throw new InvalidScopeError('A scope is unknown or not granted to this client')
  return scopes
}

type Wishes = Pick<AuthorizationRequest, 'loginHint' | 'uiLocales' | 'prompt' | 'maxAgeSeconds'>

/** How the client would like the person to be asked (OpenID Connect Core §3.1.2.1). */
function wishesOf(parameters: Form): Wishes {
  const prompt = parameters.get('prompt')?.split(' ') ?? []
  if (!prompt.every((one) => one === 'none' || one === 'login' || one === 'consent'))
    throw new InvalidRequestError('prompt must be none, login or consent')
  if (prompt.includes('none') && prompt.length > 1) throw new InvalidRequestError('prompt=none stands alone')
  const maxAge = parameters.get('max_age')
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
    throw new InvalidRequestError('max_age is no number of seconds')
  const loginHint = parameters.get('login_hint') ?? null
  if (loginHint !== null && loginHint.length > 500) throw new InvalidRequestError('login_hint is too long')
  return {
    prompt,
    loginHint,
    uiLocales: (parameters.get('ui_locales')?.split(' ') ?? []).slice(0, 10),
    maxAgeSeconds: maxAge === undefined ? null : Number(maxAge),
  }
}
