import { createHash } from 'node:crypto'
import type { AuthorizationRequest } from '../../policies/oauth2/authorization-request.ts'

export const verifier = 'v'.repeat(43)
export const challengeOf = (text: string) => createHash('sha256').update(text).digest('base64url')

/** A checked request as the authorization endpoint makes it; what matters to a test is passed. */
export function authorizationRequest(more: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  return {
    clientId: 'crd_shop',
    pushedId: null,
    environment: 'live',
    redirectUri: 'https://shop.example/back',
    state: 'state-1',
    scopes: ['payments:read', 'payments:write'],
    codeChallenge: challengeOf(verifier),
    authorizationDetails: null,
    resources: [],
    responseMode: 'query',
    dpopJkt: null,
    loginHint: null,
    uiLocales: [],
    prompt: [],
    maxAgeSeconds: null,
    ...more,
  }
}
