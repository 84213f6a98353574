import * as client from 'openid-client'
import { z } from 'zod'
import type { ElsewhereSource } from '../../policies/oauth2/people/index.ts'

export interface UpstreamSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Space-separated, with `openid`. */
  readonly scope: string
  readonly acrValues: string | undefined
  /** Where the browser comes back to. */
  readonly redirectUri: string
  readonly timeoutMs: number
}

const Kept = z.object({ codeVerifier: z.string(), nonce: z.string(), maxAgeSeconds: z.int().nullable() })

/**
 * The bank's own OpenID provider signs people in: code flow with PKCE, state and nonce (RFC 9700 §2.1.1). What it says
 * of itself is fetched with the first sign-in and again every hour.
 */
export function createUpstreamLogin(settings: UpstreamSettings): ElsewhereSource {
  const configuration = renewed(() => discover(settings), 3_600_000)
  return {
    kind: 'elsewhere',
    async begin(wish) {
      const [state, nonce, codeVerifier] = [
        client.randomState(),
        client.randomNonce(),
        client.randomPKCECodeVerifier(),
      ]
      const maxAgeSeconds = wish.mustSignIn ? 0 : wish.maxAgeSeconds
      const url = client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: settings.redirectUri,
        scope: settings.scope,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ui_locales: wish.language,
        ...(settings.acrValues !== undefined && { acr_values: settings.acrValues }),
        ...(wish.loginHint !== null && { login_hint: wish.loginHint }),
        ...(wish.mustSignIn && { prompt: 'login' }),
        ...(maxAgeSeconds !== null && { max_age: String(maxAgeSeconds) }),
      })
      return { location: url.href, state, kept: { codeVerifier, nonce, maxAgeSeconds } }
    },
    async complete(query, kept) {
      const { codeVerifier, nonce, maxAgeSeconds } = Kept.parse(kept)
      const state = new URLSearchParams(query).get('state') ?? undefined
      const tokens = await client
        .authorizationCodeGrant(await configuration(), new URL(`${settings.redirectUri}?${query}`), {
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
          ...(state !== undefined && { expectedState: state }),
          ...(maxAgeSeconds !== null && { maxAge: maxAgeSeconds }),
        })
        .catch(rethrowPlain)
      const claims = tokens.claims()!
      checkAcr(settings, claims.acr)
      const name = [claims.name, claims.preferred_username].find((text) => typeof text === 'string' && text)
      return {
        subject: claims.sub,
        displayName: String(name ?? claims.sub).slice(0, 200),
        authenticatedAt: claims.auth_time === undefined ? undefined : claims.auth_time * 1000,
      }
    },
  }
}

/** Asked for and not given: the provider is free to (OpenID Connect §3.1.2.1), and we are free not to take it. */
function checkAcr({ acrValues }: UpstreamSettings, acr: unknown): void {
  if (acrValues !== undefined && !acrValues.split(' ').includes(String(acr)))
    throw new Error('the upstream provider signed the person in by another acr than was asked for')
}

async function discover(settings: UpstreamSettings): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret, timeoutMs } = settings
  const isClear = issuer.startsWith('http:') // the settings take that on a loopback address of a sandbox only
  const found = await client
    .discovery(new URL(issuer), clientId, undefined, client.ClientSecretBasic(clientSecret), {
      timeout: timeoutMs / 1000,
      ...(isClear && { execute: [client.allowInsecureRequests] }),
    })
    .catch(rethrowPlain)
  found.timeout = timeoutMs / 1000
  return found
}

/** Errors of the library hold requests and answers, and with them codes and claims: what goes to the log is their code. */
function rethrowPlain(error: unknown): never {
  const { code, error: name } = error as { code?: unknown; error?: unknown }
  throw new Error(`the upstream sign-in failed: ${[code, name].filter(Boolean).join(' ') || 'unreachable'}`)
}

/** One value for all who ask within its life; a failed try is made again by the next. */
function renewed<T>(make: () => Promise<T>, lifeMs: number): () => Promise<T> {
  let current: Promise<T> | undefined
  let until = 0
  return () => {
    if (current && performance.now() < until) return current
    until = performance.now() + lifeMs
    const made = make()
    current = made
    made.catch(() => {
      if (current === made) current = undefined
    })
    return made
  }
}
