import { z } from 'zod'
import { privateMembers } from './oauth-keys.ts'

/** What an OAuth client may do and how it proves itself, and what a grant holds beside scopes. Part of `model.ts`. */

/**
 * How strict the authorization server is with a client: `standard` is OAuth 2.1 with RFC 9700; `fapi2` the FAPI 2.0
 * Security Profile; `fapi2-message-signing` that and the signed requests and answers of FAPI 2.0 Message Signing.
 */
export const ClientProfile = z.enum(['standard', 'fapi2', 'fapi2-message-signing'])
export type ClientProfile = z.infer<typeof ClientProfile>

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const GrantType = z.enum(['client_credentials', 'authorization_code', 'refresh_token', tokenExchange])
export type GrantType = z.infer<typeof GrantType>

/** `client_secret`: by Basic or in the body. `none`: a public client, which cannot keep a secret. */
export const ClientAuthentication = z.enum([
  'client_secret',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
])
export type ClientAuthentication = z.infer<typeof ClientAuthentication>

/** Whether access tokens work only with a key (RFC 9449) or a certificate (RFC 8705) of the client. */
export const SenderConstraint = z.enum(['none', 'dpop', 'certificate'])
export type SenderConstraint = z.infer<typeof SenderConstraint>

export const RedirectUri = z
  .url()
  .max(2_000)
  .refine((text) => !text.includes('#'), 'a redirect URI has no fragment (RFC 6749 §3.1.2)')
  .refine(
    (text) =>
      /^(https:|http:\/\/(127\.0\.0\.1|\[::1\])(:\d+)?(\/|$|\?)|[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:)/.test(text),
    'use https, a loopback address, or a scheme of your own with a dot in it (RFC 8252)',
  )

const PublicJwk = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string().max(256).optional() })
  .refine(
    (jwk) => !privateMembers.some((name) => name in jwk),
    'only the public part of a key is to be given',
  )
/** Keys of a client (RFC 7517), public parts only. */
export const ClientJwks = z.strictObject({ keys: z.array(PublicJwk).min(1).max(20) })
export type ClientJwks = z.infer<typeof ClientJwks>

/** RFC 8705 §2.1.2: exactly one of these names the certificate of a client that proves itself by one of an authority. */
export const CertificateName = z
  .strictObject({
    subjectDn: z.string().max(1_000).optional(),
    sanDns: z.string().max(255).optional(),
    sanUri: z.string().max(2_000).optional(),
    sanIp: z.string().max(45).optional(),
    sanEmail: z.string().max(320).optional(),
  })
  .refine((name) => Object.values(name).filter((v) => v !== undefined).length === 1, 'give exactly one name')
export type CertificateName = z.infer<typeof CertificateName>

export const AuthorizationDetailsType = z.enum(['payment_initiation'])

/** Of an OAuth client, beside what every credential has. */
export const ClientSettings = z.strictObject({
  profile: ClientProfile.default('standard'),
  grants: z.array(GrantType).min(1).default(['client_credentials']),
  authentication: ClientAuthentication.default('client_secret'),
  redirectUris: z.array(RedirectUri).max(50).default([]),
  jwks: ClientJwks.nullable()
    .default(null)
    .describe('Its public keys: for private_key_jwt and signed requests.'),
  jwksUri: z
    .url({ protocol: /^https$/ })
    .nullable()
    .default(null)
    .describe(
      'Where its keys are, instead of `jwks`; fetched when a key is needed, never from a private network.',
    ),
  certificateName: CertificateName.nullable().default(null).describe('For tls_client_auth.'),
  certificateThumbprints: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'base64url of SHA-256'))
    .max(10)
    .default([])
    .describe('For self_signed_tls_client_auth: `x5t#S256` of each certificate that it may show.'),
  senderConstraint: SenderConstraint.default('none').describe('What its access tokens are bound to.'),
  refreshLifetimeSeconds: z
    .int()
    .min(60)
    .max(31_536_000)
    .default(2_592_000)
    .describe('How long what a person has allowed lasts, from that moment.'),
  authorizationDetailsTypes: z
    .array(AuthorizationDetailsType)
    .default([])
    .describe('Types of `authorization_details` (RFC 9396) that it may ask for.'),
  isResourceServer: z
    .boolean()
    .default(false)
    .describe(
      'Whether it is a service that checks the tokens of others: it may introspect every token of its environment.',
    ),
})
export type ClientSettings = z.infer<typeof ClientSettings>

/** A payment that a person allows (RFC 9396), with the members of its §2 examples. The amount is a decimal number there, as people read it, and no count of minor units. */
export const PaymentInitiation = z.strictObject({
  type: z.literal('payment_initiation'),
  locations: z.array(z.url()).max(10).optional(),
  actions: z
    .array(z.enum(['initiate', 'status', 'cancel']))
    .max(3)
    .optional(),
  instructedAmount: z.strictObject({
    currency: z.string().regex(/^[A-Z]{3}$/),
    amount: z.string().regex(/^(0|[1-9]\d{0,14})(\.\d{1,4})?$/, 'a decimal number such as "123.50"'),
  }),
  creditorName: z.string().min(1).max(140),
  // One that is empty or missing would be allowed by a person, and be equal to nothing at all.
  creditorAccount: z
    .strictObject({
      iban: z
        .string()
        .max(34)
        .regex(/[A-Za-z0-9]/, 'an account number')
        .optional(),
      bban: z
        .string()
        .max(64)
        .regex(/[A-Za-z0-9]/, 'an account number')
        .optional(),
    })
    .refine(({ iban, bban }) => iban !== undefined || bban !== undefined, 'give iban or bban'),
  remittanceInformationUnstructured: z.string().max(140).optional(),
})
export type PaymentInitiation = z.infer<typeof PaymentInitiation>
export const AuthorizationDetails = z.array(PaymentInitiation).min(1).max(10)
export type AuthorizationDetails = z.infer<typeof AuthorizationDetails>

/** What a token is bound to (RFC 7800 `cnf`): the thumbprint of a DPoP key, or of a certificate. */
export const Confirmation = z.union([
  z.strictObject({ jkt: z.string() }),
  z.strictObject({ 'x5t#S256': z.string() }),
])
export type Confirmation = z.infer<typeof Confirmation>

/** Who acts for whom after a token exchange (RFC 8693 §4.1), nearest first. */
export interface ActorClaim {
  sub: string
  act?: ActorClaim
}
export const ActorClaim: z.ZodType<ActorClaim> = z.strictObject({
  sub: z.string(),
  get act() {
    return ActorClaim.optional()
  },
})
