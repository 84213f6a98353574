import { z } from 'zod'
import * as issuers from '../../registry/issuer-model.ts'
import * as model from '../../registry/model.ts'

/**
 * The nouns as the admin API shows them. Each has a name here, so that the OpenAPI document defines it once and refers
 * to it. What must never leave (hashes) is cut off here.
 */
const named = <T extends z.ZodType>(id: string, schema: T) => schema.meta({ id }) as T

export const Api = named('Api', model.Api)
export const Version = named('Version', model.Version)
export const Operation = named('Operation', model.Operation)
export const Finding = named('Finding', model.Finding)
export const ImportedDocument = named(
  'ImportedDocument',
  model.ImportedDocument.extend({ operations: z.array(Operation), findings: z.array(Finding) }),
)
export const Revision = named('Revision', model.Revision.extend({ document: ImportedDocument }))
export const Upstream = named('Upstream', model.Upstream)
export const Partner = named('Partner', model.Partner)
export const Application = named('Application', model.Application)
export const Plan = named('Plan', model.Plan)
export const Subscription = named('Subscription', model.Subscription)
export const Settings = named('Settings', model.Settings)
export const Heartbeat = named('Heartbeat', model.Heartbeat.omit({ targets: true, unlistedTargets: true }))
export const AuditEntry = named('AuditEntry', model.AuditEntry)
export const Snapshot = named(
  'Snapshot',
  model.Snapshot.extend({
    upstreams: z.array(Upstream).describe('Without their sealed credentials.'),
    plans: z.array(Plan),
  }),
)
export const SnapshotSummary = named(
  'SnapshotSummary',
  model.SnapshotSummary.extend({
    isCurrent: z.boolean().describe('Whether it is the one that gateways serve.'),
  }),
)

export const Credential = named(
  'Credential',
  model.Credential.omit({ registration: true }).extend({
    secrets: z
      .array(
        model.CredentialSecret.omit({ hash: true }).extend({
          lastUsedAt: z
            .int()
            .nullable()
            .describe('When this one was last used: an older one may go when that is long ago.'),
        }),
      )
      .describe('Newest first; several may be live while they are rotated. Never the secrets themselves.'),
    lastUsedAt: z
      .int()
      .nullable()
      .describe('When it was last used, in ms since the epoch, to the nearest minute or so; `null`: never.'),
  }),
)
export type Credential = z.infer<typeof Credential>

export const NewCredential = named(
  'NewCredential',
  z.object({
    credential: Credential,
    secret: z
      .string()
      .nullable()
      .describe(
        'The key or client secret in clear. Shown this once; only its keyed hash is kept. `null`: it has none, as the client proves itself otherwise.',
      ),
  }),
)

export const Issuer = named('Issuer', issuers.Issuer)
export const SigningKey = named(
  'SigningKey',
  model.SigningKey.omit({ sealedPrivateJwk: true }).extend({
    state: z
      .enum(['next', 'signing', 'previous'])
      .describe('`next`: published ahead. `previous`: kept until the last token signed with it has expired.'),
  }),
)
export const AdminToken = named('AdminToken', model.AdminToken.omit({ hash: true }))
export const NewAdminToken = named(
  'NewAdminToken',
  z.object({ token: AdminToken, secret: z.string().describe('The token in clear. Shown this once.') }),
)

export const Problem = named(
  'Problem',
  z
    .object({
      type: z.string().describe('`urn:problem:` and the code.'),
      title: z.string(),
      status: z.int(),
      detail: z.string().optional().describe('What went wrong here, and what to do.'),
      instance: z.string().describe('`urn:request:` and the id of the request, as in the log.'),
      code: z.string().describe('Stable: scripts may rely on it.'),
      errors: z
        .array(
          z.object({
            pointer: z.string().describe('JSON pointer into the input.'),
            detail: z.string(),
            line: z.int().optional().describe('Line of the input text, from 1.'),
          }),
        )
        .optional(),
    })
    .describe('A refusal (RFC 9457).'),
)

export const pageOf = (item: z.ZodType) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Send it as `after` to read on; `null`: this was the last page.'),
  })

export const limit = z.coerce.number().int().min(1).max(200).default(50).describe('Most items of a page.')

/** Query of a list: paging, search in names and titles, and equality filters of the noun. */
export const listQuery = <T extends z.ZodRawShape>(filters: T) =>
  z.strictObject({
    limit,
    after: z.string().min(1).max(64).optional().describe('`next` of the page before.'),
    search: z.string().min(1).max(200).optional().describe('Part of the name or title.'),
    ...filters,
  })

export const backwardsQuery = <T extends z.ZodRawShape>(filters: T) =>
  z.strictObject({
    limit,
    before: z.string().min(1).max(64).optional().describe('`next` of the page before; newest come first.'),
    ...filters,
  })

export const nameFilter = { name: z.string().min(1).max(64).optional().describe('Exactly this name.') }
export const yesNo = z.enum(['true', 'false']).transform((text) => text === 'true')

/**
 * A body of PUT: the whole input. What the platform sets may be in it and is ignored, so that a record can be read,
 * edited and sent back as it is.
 */
export function replacement<T extends z.ZodRawShape>(input: z.ZodObject<T>, more: readonly string[] = []) {
  const ignored = ['id', 'createdAt', 'updatedAt', ...more]
  const shape = Object.fromEntries(
    ignored.map((name) => [name, z.unknown().optional().describe('Set by the platform; ignored here.')]),
  )
  return z.strictObject({ ...input.shape, ...shape }).transform((body) => {
    const kept = Object.entries(body).filter(([name]) => !ignored.includes(name))
    return Object.fromEntries(kept) as z.output<z.ZodObject<T>>
  })
}

/** Splits a parsed list query into what registry lists take. */
export function listOptions<
  Q extends { limit: number; after?: string | undefined; search?: string | undefined },
>(query: Q) {
  const { limit, after, search, ...rest } = query
  const filter = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {
    limit,
    filter,
    ...(after === undefined ? {} : { after }),
    ...(search === undefined ? {} : { search }),
  }
}
