import { z } from 'zod'
import { Environment, Scope } from '../../registry/model.ts'
import { AuthorizationDetails } from '../../registry/oauth-model.ts'

/**
 * What a client asks a person for, checked whole (RFC 6749 §4.1.1, RFC 9126, RFC 9101): from here on nobody looks at
 * parameters of the browser again. Kept while the person signs in and decides.
 */
export const AuthorizationRequest = z.strictObject({
  clientId: z.string(),
  pushedId: z
    .string()
    .nullable()
    .describe('Names the pushed request that it comes from, which is used once.'),
  environment: Environment,
  redirectUri: z.string(),
  state: z.string().nullable(),
  scopes: z.array(Scope),
  codeChallenge: z.string().describe('S256 (RFC 7636).'),
  authorizationDetails: AuthorizationDetails.nullable(),
  resources: z.array(z.string()),
  responseMode: z.enum(['query', 'jwt']).describe('`jwt`: JARM.'),
  dpopJkt: z.string().nullable().describe('Thumbprint of the key to which the code is bound (RFC 9449 §10).'),
  loginHint: z.string().nullable(),
  uiLocales: z.array(z.string()),
  prompt: z.array(z.enum(['none', 'login', 'consent'])),
  maxAgeSeconds: z.int().nullable(),
})
export type AuthorizationRequest = z.infer<typeof AuthorizationRequest>

/** Who has signed in, and when. */
export interface Person {
  /** Stable and opaque, as the subject source names them. */
  readonly subject: string
  /** ms since the epoch */
  readonly authenticatedAt: number
}
