import { z } from 'zod'

/** Issuers outside the platform whose access tokens gateways take. Part of `model.ts`. */

/** With what an issuer may sign; those for shared secrets, and none, are not among them (RFC 8725 §3.1, §3.2). */
export const IssuerAlgorithm = z.enum([
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'RS256',
  'RS384',
  'RS512',
])
export type IssuerAlgorithm = z.infer<typeof IssuerAlgorithm>

const Https = z.url({ protocol: /^https$/ }).max(2_000)
const ClaimName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[\x21-\x7e]+$/, 'a claim name: printable characters')

const ByKeys = z.strictObject({
  by: z.literal('keys').describe('Tokens are JWTs, checked here with the issuer’s keys.'),
  jwksUri: Https.describe('Where its keys are; never followed into a private network.'),
  algorithms: z
    .array(IssuerAlgorithm)
    .min(1)
    .default(['PS256', 'ES256', 'EdDSA'])
    .describe('With what it signs; tokens signed otherwise are refused.'),
  tokenType: z
    .enum(['at+jwt', 'any'])
    .default('at+jwt')
    .describe(
      'What `typ` says. `at+jwt`: only what is an access token by RFC 9068. `any`: also `JWT` and nothing, for issuers that do not mark their access tokens.',
    ),
})

const introspectionFields = {
  by: z.literal('introspection').describe('The issuer is asked about each token (RFC 7662).'),
  endpoint: Https.describe('Its introspection endpoint; never followed into a private network.'),
  clientId: z.string().min(1).max(300).describe('As which client it is asked.'),
  tokenPrefix: z
    .string()
    .max(100)
    .default('')
    .describe(
      'How its opaque tokens begin, so that others are not sent to it. JWTs are told by their `iss` and need none.',
    ),
}
const ByIntrospection = z.strictObject({
  ...introspectionFields,
  clientSecret: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Kept sealed, never shown again. Absent: as it is; needed anew when the endpoint changes.'),
})

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/, 'use 1 to 64 of a-z, 0-9, dot, dash and underscore')
    .describe('A short name for addresses and scripts.'),
  title: z.string().max(200).default('').describe('A name for people.'),
  issuer: z.url().max(2_000).describe('As in `iss`, letter by letter. No two have the same.'),
  environment: z.enum(['sandbox', 'live']).describe('To which its tokens belong.'),
  isSuspended: z.boolean().default(false).describe('Whether all its tokens are refused.'),
  audiences: z
    .array(z.string().min(1).max(500))
    .max(20)
    .default([])
    .describe('`aud` must hold one of them. Needed where tokens are checked with keys.'),
  clockToleranceSeconds: z.int().min(0).max(120).default(10).describe('By how much its clock may differ.'),
  applicationClaim: ClaimName.default('client_id').describe(
    'Claim that tells the application: `client_id`, `azp`, `sub` …',
  ),
  applications: z
    .record(z.string().min(1).max(500), z.string().min(1).max(64))
    .refine((map) => Object.keys(map).length <= 1_000, 'at most 1,000')
    .default({})
    .describe('Value of that claim -> id of the application. Tokens with another value are refused.'),
  scopeClaim: ClaimName.nullable()
    .default('scope')
    .describe(
      'Claim with the scopes, as text with spaces or as a list. A token without it has none. `null`: its tokens are not narrowed.',
    ),
}

export const IssuerInput = z.strictObject({
  ...common,
  verification: z.discriminatedUnion('by', [ByKeys, ByIntrospection]),
})
export type IssuerInput = z.infer<typeof IssuerInput>

const kept = { id: z.string().min(1).max(64), createdAt: z.int(), updatedAt: z.int() }

/** As it may be shown. */
export const Issuer = z.object({
  ...kept,
  ...common,
  verification: z.discriminatedUnion('by', [ByKeys, z.strictObject(introspectionFields)]),
})
export type Issuer = z.infer<typeof Issuer>

/** As it is kept. */
export const SealedIssuer = z.object({
  ...Issuer.shape,
  sealedClientSecret: z.string().nullable().default(null).describe('AES-256-GCM envelope.'),
})
export type SealedIssuer = z.infer<typeof SealedIssuer>
