import { z } from 'zod'
import { ActorClaim, AuthorizationDetails, ClientSettings, Confirmation } from './oauth-model.ts'
import { ActiveCheck, CircuitBreaker, OutlierEjection, Retry, TargetReport } from './upstream-health.ts'

/**
 * The glossary as code: every noun that is kept in Redis, as a schema and its type.
 * Where an input differs from the record (server-set fields), the input schema stands beside it.
 */

export const Environment = z
  .enum(['sandbox', 'live'])
  .describe('Which of the two worlds: `sandbox` (play money) or `live`.')
export type Environment = z.infer<typeof Environment>

export const Name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/,
    'use 1 to 64 of a-z, 0-9, dot, dash and underscore, beginning and ending with a letter or digit',
  )
  .describe('A short name for addresses and scripts, unique among its kind.')
const Title = z.string().trim().min(1).max(200).describe('A name for people.')
const Description = z.string().max(10_000).default('').describe('Markdown for people.')
const Labels = z
  .record(z.string().max(64), z.string().max(256))
  .default({})
  .describe('Free labels to search by.')
export const Scope = z
  .string()
  .regex(
    /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/,
    'a scope is 1 to 128 printable characters without space, quote and backslash (RFC 6749 §3.3)',
  )
  .describe('A permission inside an API, e.g. `payments:write`.')
const Id = z.string().min(1).max(64)

/** What the platform adds to every record. Times are ms since the epoch. */
const Kept = z.object({
  id: Id.describe('Given by the platform; never changes.'),
  createdAt: z.int().describe('When it was made, in ms since the epoch.'),
  updatedAt: z.int().describe('When it was last changed, in ms since the epoch.'),
})

/** Config of policies by name. Each value is checked by its policy's own schema (policies/index.ts). */
export const PolicyConfigs = z
  .record(z.string(), z.record(z.string(), z.unknown()).nullable())
  .describe('Policies by name, each with its config; `null` switches an inherited one off.')
export type PolicyConfigs = z.infer<typeof PolicyConfigs>

// ---- API, version, revision, operation ----------------------------------------------------------------------------

export const TokenFormat = z
  .enum(['opaque', 'jwt'])
  .describe(
    'Form of access tokens for this API. `opaque`: only the gateway knows what they stand for. `jwt`: signed (RFC 9068), for services that check them by themselves.',
  )
export type TokenFormat = z.infer<typeof TokenFormat>

export const ApiInput = z.strictObject({
  name: Name,
  title: Title,
  description: Description,
  owner: z.string().max(200).default('').describe('Who answers for it: a team or an address.'),
  labels: Labels,
  isListed: z
    .boolean()
    .default(true)
    .describe('Whether every partner finds it in the catalog; if not, only those that are subscribed.'),
  accessTokens: TokenFormat.default('opaque'),
  policies: PolicyConfigs.default({}),
})
export type ApiInput = z.infer<typeof ApiInput>
export const Api = z.object({ ...Kept.shape, ...ApiInput.shape })
export type Api = z.infer<typeof Api>

const BasePath = z
  .string()
  .regex(/^(\/[A-Za-z0-9._~-]+)*$/, 'a base path is empty, or like /payments/v1 without a slash at the end')
  .max(200)
const HeaderName = z.string().regex(/^[a-z0-9-]{1,64}$/, 'a header name in lower case')
const HostName = z
  .string()
  .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'a host name in lower case, without port')
  .max(253)

export const Routing = z
  .discriminatedUnion('by', [
    z.strictObject({
      by: z.literal('path'),
      basePath: BasePath.describe('Stands before every path of the document, e.g. `/payments/v1`.'),
    }),
    z.strictObject({
      by: z.literal('header'),
      basePath: BasePath.describe('Stands before every path of the document, e.g. `/payments`.'),
      header: HeaderName.describe('Header that names the version.'),
      value: z.string().min(1).max(128).describe('Value of that header that means this version.'),
      isDefault: z.boolean().default(false).describe('Whether calls without the header come here.'),
    }),
    z.strictObject({
      by: z.literal('host'),
      basePath: BasePath.default('').describe('Stands before every path of the document.'),
      hosts: z.array(HostName).min(1).max(20).describe('Host names that lead here.'),
    }),
  ])
  .describe('How a call names this version.')
export type Routing = z.infer<typeof Routing>

export const OperationSettings = z.strictObject({
  policies: PolicyConfigs.default({}),
  scopes: z.array(Scope).max(50).optional().describe('Scopes asked for instead of those in the document.'),
})
export type OperationSettings = z.infer<typeof OperationSettings>

export const VersionInput = z.strictObject({
  name: Name.describe('As partners see it, e.g. `v1`.'),
  title: z.string().max(200).default('').describe('A name for people, if the version has one.'),
  routing: Routing,
  stripBasePath: z
    .boolean()
    .default(true)
    .describe('Whether the base path is taken off before the call goes to the service.'),
  upstreamPath: BasePath.default('').describe(
    'Put before the path on the way to the service, after the base path was taken off.',
  ),
  upstreams: z
    .strictObject({ sandbox: Id.optional(), live: Id.optional() })
    .default({})
    .describe('Which upstream serves each environment, by id.'),
  anonymousEnvironment: Environment.default('live').describe(
    'Where calls go on operations that ask for no credential.',
  ),
  plans: z.array(Id).max(50).default([]).describe('Plans on offer for this version, by id.'),
  policies: PolicyConfigs.default({}),
  operations: z
    .record(z.string(), OperationSettings)
    .default({})
    .describe('Settings of single operations, by operation id.'),
})
export type VersionInput = z.infer<typeof VersionInput>
export const Version = z.object({
  ...Kept.shape,
  ...VersionInput.shape,
  apiId: Id,
  revision: z
    .int()
    .nonnegative()
    .describe('Number of the current revision; 0 while no document was imported.'),
})
export type Version = z.infer<typeof Version>

export const Method = z.enum(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'])
export type Method = z.infer<typeof Method>

export const Operation = z.object({
  id: z
    .string()
    .min(1)
    .max(300)
    .describe('The operationId, made unique; or method and path where there is none.'),
  method: Method,
  path: z
    .string()
    .startsWith('/')
    .max(2000)
    .describe('Path template of the document, e.g. `/accounts/{id}`.'),
  summary: z.string().default(''),
  tags: z.array(z.string()).default([]),
  isDeprecated: z.boolean().default(false),
  scopes: z
    .array(z.array(Scope))
    .default([])
    .describe('Alternatives: holding all scopes of any one list is enough. Empty: none needed.'),
  isAnonymous: z
    .boolean()
    .default(false)
    .describe('Whether the document asks for no credential at all (`security: []` or none).'),
})
export type Operation = z.infer<typeof Operation>

export const Finding = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  message: z.string(),
  pointer: z.string().describe('JSON pointer into the document.'),
  line: z.int().positive().optional(),
})
export type Finding = z.infer<typeof Finding>

/** What was read from a document. The document itself is kept by its hash, byte for byte. */
export const ImportedDocument = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int(),
  format: z.enum(['json', 'yaml']),
  dialect: z.enum(['2.0', '3.0', '3.1', '3.2']),
  title: z.string(),
  version: z.string(),
  servers: z.array(z.string()),
  securitySchemes: z.record(z.string(), z.object({ type: z.string(), detail: z.string().default('') })),
  scopes: z.record(z.string(), z.string()).describe('Scope -> what the document says of it.'),
  operations: z.array(Operation),
  findings: z.array(Finding),
})
export type ImportedDocument = z.infer<typeof ImportedDocument>

export const Revision = z.object({
  ...Kept.shape,
  versionId: Id,
  number: z.int().positive(),
  createdBy: z.string(),
  document: ImportedDocument,
})
export type Revision = z.infer<typeof Revision>

// ---- upstream, target -------------------------------------------------------------------------------------------

export const Target = z.strictObject({
  id: Name.describe('Name of this address inside its upstream; counts are kept by it.'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine(
      (u) => URL.canParse(u) && new URL(u).pathname === '/' && !new URL(u).search && !new URL(u).username,
      'only scheme, host and port: a path belongs in upstreamPath',
    )
    .describe('Scheme, host and port, e.g. `http://10.0.0.5:8080`.'),
  weight: z.int().min(1).max(1000).default(1).describe('Share of the calls, next to the other targets.'),
  maxConnections: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Most calls in flight at once, over all threads of a gateway.'),
  isDraining: z.boolean().default(false).describe('Whether it gets no new calls.'),
})
export type Target = z.infer<typeof Target>

export const BalanceStrategy = z
  .enum(['round-robin', 'weighted', 'least-connections', 'least-time', 'hash'])
  .describe(
    '`round-robin`: in turn, by weight, spread evenly. `weighted`: at random, by weight. `least-connections`: the fewest calls in flight next to its weight, counted over all threads. `least-time`: of two drawn at random the one that answers sooner. `hash`: calls with the same `hashOn` go to the same target.',
  )
export type BalanceStrategy = z.infer<typeof BalanceStrategy>

export const HashOn = z
  .discriminatedUnion('by', [
    z.strictObject({ by: z.literal('address').describe('The address of the caller.') }),
    z.strictObject({ by: z.literal('partner').describe('The partner that calls.') }),
    z.strictObject({ by: z.literal('application').describe('The application that calls.') }),
    z.strictObject({
      by: z.literal('header').describe('The value of a header.'),
      header: HeaderName.describe('Its name.'),
    }),
  ])
  .describe(
    'For `hash`: what calls must have in common to go to the same target. A call without it goes by its address.',
  )
export type HashOn = z.infer<typeof HashOn>

export const UpstreamProtocol = z
  .enum(['http1', 'h2', 'h2c'])
  .describe(
    'What is spoken to the targets. `http1`: HTTP/1.1. `h2`: HTTP/2 over TLS, for targets of `https:`. `h2c`: HTTP/2 without TLS, known beforehand, for targets of `http:`. gRPC needs one of the last two. WebSockets pass to `http1` only.',
  )
export type UpstreamProtocol = z.infer<typeof UpstreamProtocol>

export const UpstreamInput = z.strictObject({
  name: Name,
  title: z.string().max(200).default('').describe('A name for people.'),
  protocol: UpstreamProtocol.default('http1'),
  strategy: BalanceStrategy.default('round-robin'),
  hashOn: HashOn.default({ by: 'address' }),
  panicPercent: z
    .int()
    .min(0)
    .max(100)
    .default(50)
    .describe(
      'When less than this share of the targets is available, health is ignored: the few would not bear the calls of all. 0: never.',
    ),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Most calls in flight at once over all targets, over all threads of a gateway.'),
  queue: z
    .strictObject({
      maxWaiting: z
        .int()
        .min(0)
        .max(10_000)
        .default(100)
        .describe('Most calls that wait at once, over all threads of a gateway. 0: none waits.'),
      maxWaitMs: z.int().min(1).max(60_000).default(1_000).describe('Longest wait for room.'),
    })
    .default({ maxWaiting: 100, maxWaitMs: 1_000 })
    .describe(
      'Calls that find every target, or the upstream, at its cap wait their turn. Partners take turns.',
    ),
  targets: z
    .array(Target)
    .min(1)
    .max(200)
    .refine((ts) => new Set(ts.map((t) => t.id)).size === ts.length, 'target ids must differ'),
  connectTimeoutMs: z.int().min(10).max(60_000).default(2_000).describe('Longest wait for a connection.'),
  firstByteTimeoutMs: z
    .int()
    .min(10)
    .max(600_000)
    .default(30_000)
    .describe('Longest wait for the head of the answer.'),
  idleTimeoutMs: z.int().min(10).max(3_600_000).default(60_000).describe('Longest silence inside a body.'),
  timeoutMs: z
    .int()
    .min(10)
    .max(86_400_000)
    .default(60_000)
    .describe(
      'Longest time until the head of the answer, over all tries. Bodies are bounded by their idle timeout.',
    ),
  maxAttempts: z.int().min(1).max(10).default(3).describe('Most targets that one call is tried on.'),
  retry: Retry.prefault({}),
  activeCheck: ActiveCheck.nullish(),
  outliers: OutlierEjection.nullable().prefault({}),
  breaker: CircuitBreaker.nullable().prefault({}),
  slowStartSeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(10)
    .describe(
      'Time over which a target that recovered gets from a tenth to all of its weight. 0: all at once.',
    ),
  preserveHost: z
    .boolean()
    .default(false)
    .describe('Whether the service sees the Host that the partner sent.'),
  caCertificate: z
    .string()
    .max(100_000)
    .optional()
    .describe('PEM of the authority that signs the targets’ certificates, if it is a private one.'),
  credential: z
    .strictObject({
      header: HeaderName.describe('Header that carries it, e.g. `authorization`.'),
      value: z
        .string()
        .regex(/^[\t\x20-\x7E]*$/, 'printable ASCII only')
        .min(1)
        .max(8_000)
        .describe('The whole value of that header. Kept sealed, never shown again.'),
    })
    .nullish()
    .describe('What the gateway presents to the service. Absent: as it is; `null`: none.'),
})
export type UpstreamInput = z.infer<typeof UpstreamInput>
export const Upstream = z.object({
  ...Kept.shape,
  ...UpstreamInput.shape,
  credential: z
    .object({ header: HeaderName, hint: z.string().describe('Its last characters, to recognise it.') })
    .nullable()
    .default(null)
    .describe('What the gateway presents to the service; its value is never shown again.'),
})
export type Upstream = z.infer<typeof Upstream>
/**
 * An upstream as it is kept and published: with the value of its credential, sealed. Not for answers to people.
 * See registry/sealed.ts for sealing and opening.
 */
export const SealedUpstream = z.object({
  ...Upstream.shape,
  sealedCredential: z.string().nullable().default(null).describe('AES-256-GCM envelope of the value.'),
})
export type SealedUpstream = z.infer<typeof SealedUpstream>

// ---- partner, application, credential, plan, subscription -------------------------------------------------------

export const PartnerInput = z.strictObject({
  name: Name,
  title: Title,
  contact: z.string().max(200).default('').describe('Whom to write to.'),
  labels: Labels,
  isSuspended: z.boolean().default(false).describe('Whether all calls of this partner are refused.'),
})
export type PartnerInput = z.infer<typeof PartnerInput>
export const Partner = z.object({ ...Kept.shape, ...PartnerInput.shape })
export type Partner = z.infer<typeof Partner>

export const ApplicationInput = z.strictObject({
  name: Name,
  title: Title,
  description: Description,
  isSuspended: z.boolean().default(false).describe('Whether all calls of this application are refused.'),
})
export type ApplicationInput = z.infer<typeof ApplicationInput>
export const Application = z.object({ ...Kept.shape, ...ApplicationInput.shape, partnerId: Id })
export type Application = z.infer<typeof Application>

/** One secret of a credential: only its keyed hash is kept. */
export const CredentialSecret = z.object({
  id: Id,
  hash: z.string(),
  hint: z.string().describe('First and last characters, to recognise it.'),
  createdAt: z.int(),
  expiresAt: z.int().nullable(),
})
export type CredentialSecret = z.infer<typeof CredentialSecret>

export const CredentialInput = z.strictObject({
  kind: z.enum(['api-key', 'oauth-client']),
  environment: Environment,
  title: z.string().max(200).default('').describe('What it is for.'),
  scopes: z
    .array(Scope)
    .max(200)
    .nullable()
    .default(null)
    .describe('Narrows the scopes of the subscriptions; `null`: all of them.'),
  expiresAt: z
    .int()
    .nullable()
    .default(null)
    .describe('When it ends by itself, in ms since the epoch; `null`: never.'),
  tokenLifetimeSeconds: z
    .int()
    .min(60)
    .max(86_400)
    .default(3600)
    .describe('How long access tokens of an OAuth client live.'),
  oauth: ClientSettings.nullable().default(null).describe('Of an OAuth client; `null`: all by default.'),
})
export type CredentialInput = z.infer<typeof CredentialInput>
/** What may be changed of a credential: all but what kind it is and where it calls, which may be sent back as they are. */
export const CredentialUpdate = z.strictObject({
  ...CredentialInput.shape,
  kind: CredentialInput.shape.kind.optional().describe('As it is; cannot be changed.'),
  environment: Environment.optional().describe('As it is; cannot be changed.'),
})
export type CredentialUpdate = z.infer<typeof CredentialUpdate>
export const Credential = z.object({
  ...Kept.shape,
  ...CredentialInput.shape,
  applicationId: Id,
  partnerId: Id,
  createdBy: z.string().default('').describe('Who made it, as in the audit.'),
  revokedAt: z.int().nullable(),
  secrets: z.array(CredentialSecret).describe('Newest first; several may be live while they are rotated.'),
  tokensNotBefore: z
    .int()
    .default(0)
    .describe('Tokens issued before this moment are dead (ms since the epoch).'),
  registration: z
    .object({ hash: z.string() })
    .nullable()
    .default(null)
    .describe('Of a client that registered itself: what its registration is managed by.'),
})
export type Credential = z.infer<typeof Credential>

export const PlanInput = z.strictObject({
  name: Name,
  title: Title,
  description: Description,
  priceLabel: z.string().max(100).default('').describe('What it costs, for people, e.g. `€ 49 a month`.'),
  approval: z
    .enum(['auto', 'manual'])
    .default('manual')
    .describe(
      'What becomes of a subscription that a partner asks for. `auto`: it is active at once. `manual`: it waits for the platform team.',
    ),
  policies: PolicyConfigs.default({}).describe('Limits that come with the plan, e.g. `rate-limit`.'),
})
export type PlanInput = z.infer<typeof PlanInput>
export const Plan = z.object({ ...Kept.shape, ...PlanInput.shape })
export type Plan = z.infer<typeof Plan>

export const SubscriptionInput = z.strictObject({
  versionId: Id,
  planId: Id.nullable().default(null).describe('`null`: no plan, only the limits of the API itself.'),
  scopes: z
    .array(Scope)
    .max(200)
    .nullable()
    .default(null)
    .describe('Scopes granted; `null`: all scopes of the version.'),
})
export type SubscriptionInput = z.infer<typeof SubscriptionInput>
export const SubscriptionState = z
  .enum(['pending', 'active', 'declined'])
  .describe('Only an `active` one gives a right to call. `pending`: waits for the platform team.')
export type SubscriptionState = z.infer<typeof SubscriptionState>
export const Subscription = z.object({
  ...Kept.shape,
  ...SubscriptionInput.shape,
  applicationId: Id,
  partnerId: Id,
  state: SubscriptionState.default('active'),
  request: z
    .object({ by: z.string(), at: z.int(), note: z.string() })
    .nullable()
    .default(null)
    .describe('Who of the partner asked for it, when, and what for; `null`: the platform gave it unasked.'),
  decision: z
    .object({ by: z.string(), at: z.int(), reason: z.string() })
    .nullable()
    .default(null)
    .describe('Who of the platform team approved or declined it, when, and why.'),
})
export type Subscription = z.infer<typeof Subscription>

/** What an access token stands for. Of a token issued before a member was there, the member has its default. Kept under the token's keyed hash until it expires. */
export const TokenGrant = z.object({
  credentialId: Id,
  applicationId: Id,
  partnerId: Id,
  environment: Environment,
  scopes: z.array(Scope),
  issuedAt: z.int(),
  expiresAt: z.int(),
  familyId: Id.nullable().default(null).describe('The authorization of a person that it comes from.'),
  subject: z.string().nullable().default(null).describe('That person; `null`: the application itself.'),
  authenticatedAt: z.int().nullable().default(null).describe('When that person signed in.'),
  confirmation: Confirmation.nullable().default(null).describe('What it is bound to.'),
  authorizationDetails: AuthorizationDetails.nullable().default(null),
  resources: z.array(z.string()).default([]).describe('Where it may be used (RFC 8707); empty: no bound.'),
  actor: ActorClaim.nullable().default(null),
  exchangedFor: z
    .array(z.string())
    .default([])
    .describe('Keyed hashes of the tokens without a family that it was exchanged for: it ends with each.'),
  issuerId: Id.nullable()
    .default(null)
    .describe('The issuer outside that gave it, whose word for persons is not ours; `null`: we did.'),
})
export type TokenGrant = z.infer<typeof TokenGrant>
export type NewTokenGrant = z.input<typeof TokenGrant>

/**
 * What a person has allowed a client: from it come the access and refresh tokens of one authorization. It ends with the
 * last of them, when it is revoked, or when one of them is used twice; then all of them are dead.
 */
export const TokenFamily = z.object({
  id: Id,
  credentialId: Id,
  applicationId: Id,
  partnerId: Id,
  environment: Environment,
  subject: z.string(),
  scopes: z.array(Scope),
  authorizationDetails: AuthorizationDetails.nullable(),
  resources: z.array(z.string()),
  authenticatedAt: z.int(),
  createdAt: z.int(),
  expiresAt: z.int(),
})
export type TokenFamily = z.infer<typeof TokenFamily>

export const SigningAlgorithm = z.enum(['ES256', 'PS256', 'EdDSA'])
export type SigningAlgorithm = z.infer<typeof SigningAlgorithm>

/** A key with which the authorization server signs tokens and answers. */
export const SigningKey = z.object({
  ...Kept.shape,
  algorithm: SigningAlgorithm,
  signsFrom: z.int().describe('It signs from this moment until that of the next one (ms since the epoch).'),
  publicJwk: z.looseObject({ kty: z.string(), kid: z.string() }),
  sealedPrivateJwk: z.string().describe('AES-256-GCM envelope.'),
})
export type SigningKey = z.infer<typeof SigningKey>

// ---- the platform itself ----------------------------------------------------------------------------------------

/** Defaults of the whole gateway: one record, id `gateway`. */
export const SettingsInput = z.strictObject({ policies: PolicyConfigs.default({}) })
export type SettingsInput = z.infer<typeof SettingsInput>
export const Settings = z.object({ ...Kept.shape, ...SettingsInput.shape })
export type Settings = z.infer<typeof Settings>

export const Permission = z.enum(['read', 'write', 'publish', 'credentials', 'audit', 'people', 'admin'])
export type Permission = z.infer<typeof Permission>
export const AdminTokenInput = z.strictObject({
  title: Title,
  permissions: z
    .array(Permission)
    .min(1)
    .describe('What the token may do; `admin` includes all and may manage tokens.'),
  expiresAt: z.int().nullable().default(null),
})
export type AdminTokenInput = z.infer<typeof AdminTokenInput>
export const AdminToken = z.object({
  ...Kept.shape,
  ...AdminTokenInput.shape,
  hash: z.string(),
  hint: z.string(),
  revokedAt: z.int().nullable(),
})
export type AdminToken = z.infer<typeof AdminToken>

export const AuditEntry = z.object({
  id: z.string(),
  at: z.int(),
  actor: z
    .string()
    .describe(
      'Id of the person or the admin token; `bootstrap`: a command on the machine itself; `system`: the platform by itself.',
    ),
  action: z
    .string()
    .describe('E.g. `create`, `update`, `delete`, `publish`, `rollback`, `revoke`, `rotate`, `import`.'),
  noun: z.string(),
  subject: z.string().describe('Id of what was changed.'),
  before: z.unknown(),
  after: z.unknown(),
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** A version as gateways get it: with its operations, without its document. */
export const PublishedVersion = z.object({
  ...Version.shape,
  sha256: z.string(),
  scopes: z.array(z.string()),
  routes: z.array(Operation),
})
export type PublishedVersion = z.infer<typeof PublishedVersion>
export const PublishedApi = z.object({ ...Api.shape, versions: z.array(PublishedVersion) })
export type PublishedApi = z.infer<typeof PublishedApi>

/** All that gateways must know, and one number. Immutable. Holds no secret in clear. */
export const Snapshot = z.object({
  number: z.int().nonnegative(),
  createdAt: z.int(),
  createdBy: z.string(),
  note: z.string(),
  policies: PolicyConfigs.describe('Defaults of the whole gateway.'),
  apis: z.array(PublishedApi),
  upstreams: z.array(SealedUpstream),
  plans: z.array(Plan),
})
export type Snapshot = z.infer<typeof Snapshot>

/** A snapshot in a list. */
export const SnapshotSummary = z.object({
  number: z.int().positive(),
  createdAt: z.int(),
  createdBy: z.string(),
  note: z.string(),
  apis: z.int().describe('How many APIs it holds.'),
})
export type SnapshotSummary = z.infer<typeof SnapshotSummary>

/** Told to all gateways through the event stream. */
export const RegistryEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), number: z.int() }),
  z.object({
    kind: z.literal('identity'),
    partnerId: z.string().optional(),
    applicationId: z.string().optional(),
    credentialId: z.string().optional(),
  }),
  z.object({ kind: z.literal('token'), hash: z.string() }),
  z.object({ kind: z.literal('family'), familyId: z.string() }),
  z.object({ kind: z.literal('signing-keys') }),
  z.object({ kind: z.literal('issuers') }),
])
export type RegistryEvent = z.infer<typeof RegistryEvent>

/** What a gateway says of itself every few seconds. */
export const Heartbeat = z.object({
  gatewayId: z.string(),
  at: z.int(),
  startedAt: z.int(),
  address: z.string(),
  threads: z.int(),
  snapshot: z.int(),
  lastError: z.string(),
  targets: z
    .array(TargetReport)
    .default([])
    .describe('How it finds the targets, those with something to tell first.'),
  unlistedTargets: z
    .int()
    .default(0)
    .describe('Targets for which there was no room; they come after those that are listed.'),
})
export type Heartbeat = z.infer<typeof Heartbeat>
