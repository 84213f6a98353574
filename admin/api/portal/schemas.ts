import { z } from 'zod'
import { ApplicationInput, CredentialInput, Environment, Scope } from '../../../registry/model.ts'
import { RedirectUri } from '../../../registry/oauth-model.ts'
import { Application, Credential, Plan, Subscription } from '../schemas.ts'

/** What partners see and send. */
const named = <T extends z.ZodType>(id: string, schema: T) => schema.meta({ id }) as T

const VersionName = z.object({
  id: z.string(),
  name: z.string(),
  apiId: z.string(),
  apiName: z.string(),
  apiTitle: z.string(),
})

export const PlanLimit = z.object({
  policy: z.enum(['rate-limit', 'quota', 'concurrency']),
  limit: z.int().describe('Calls.'),
  windowSeconds: z.int().nullable().describe('Of a rate limit: in which time.'),
  period: z.enum(['day', 'week', 'month']).nullable().describe('Of a quota: in which period.'),
})
export type PlanLimit = z.infer<typeof PlanLimit>

const PlanOnOffer = Plan.pick({
  id: true,
  name: true,
  title: true,
  description: true,
  priceLabel: true,
  approval: true,
}).extend({ limits: z.array(PlanLimit).describe('What it limits, as far as it is the same for all.') })

export const PortalVersion = named(
  'PortalVersion',
  VersionName.extend({
    title: z.string().describe('Of the version, if it has one.'),
    description: z.string().describe('Of the API. Markdown.'),
    labels: z.record(z.string(), z.string()),
    addresses: z.array(z.string()).describe('Where its paths begin; several where it has several hosts.'),
    versionHeader: z
      .object({ name: z.string(), value: z.string() })
      .nullable()
      .describe('The header that a call must name the version by, if it must.'),
    environments: z.array(Environment).describe('Where it can be called.'),
    operations: z.int().describe('How many it has.'),
    scopes: z.array(Scope),
    plans: z.array(PlanOnOffer),
    subscriptions: z
      .array(Subscription.pick({ id: true, applicationId: true, planId: true, state: true }))
      .describe('Those of the partner’s applications.'),
  }),
)

export const PortalSubscription = named(
  'PortalSubscription',
  Subscription.extend({
    application: z.object({ id: z.string(), title: z.string() }),
    version: VersionName.nullable().describe('`null`: it is published no longer.'),
    plan: z.object({ id: z.string(), name: z.string(), title: z.string() }).nullable(),
  }),
)

export const PortalApplicationInput = z.strictObject({
  title: ApplicationInput.shape.title,
  description: ApplicationInput.shape.description,
})

export const PortalCredentialInput = z.strictObject({
  kind: CredentialInput.shape.kind,
  environment: Environment,
  title: CredentialInput.shape.title,
  scopes: CredentialInput.shape.scopes,
  expiresAt: CredentialInput.shape.expiresAt,
  redirectUris: z
    .array(RedirectUri)
    .max(50)
    .default([])
    .describe('Of an OAuth client that people sign in with: where they come back to.'),
})

export const PortalCredentialUpdate = PortalCredentialInput.pick({
  title: true,
  scopes: true,
  expiresAt: true,
})

export const Started = named(
  'QuickStarted',
  z.object({
    application: Application,
    subscription: PortalSubscription,
    credential: Credential.nullable().describe('`null` while the subscription waits to be approved.'),
    secret: z
      .string()
      .nullable()
      .describe('The key in clear. Shown this once: `null` when the same request came before.'),
    isRepeat: z.boolean().describe('Whether the same request came before, and nothing was made now.'),
  }),
)

export const Notice = named(
  'PortalNotice',
  z.object({
    kind: z.enum([
      'credential-expires',
      'secret-retires',
      'subscription-pending',
      'subscription-declined',
      'key-to-make',
      'application-suspended',
    ]),
    isUrgent: z.boolean(),
    at: z.int().describe('When it happened or will happen, in ms since the epoch.'),
    applicationId: z.string(),
    applicationTitle: z.string(),
    credentialId: z.string().nullable(),
    secretId: z.string().nullable(),
    hint: z.string().nullable().describe('First and last characters of the key.'),
    lastUsedAt: z.int().nullable(),
    versionId: z.string().nullable(),
    reason: z.string().nullable().describe('What the platform team said.'),
  }),
)
