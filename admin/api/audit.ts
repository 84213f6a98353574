import { z } from 'zod'
import { listAudit } from '../../registry/audit.ts'
import { verifyAudit } from '../../registry/audit-chain.ts'
import { route } from '../route.ts'
import { AuditEntry, backwardsQuery, pageOf } from './schemas.ts'

const text = (id: string) => z.string().min(1).max(100).optional().describe(`Only entries of this ${id}.`)

const AuditVerdict = z
  .object({
    isWhole: z.boolean().describe('Whether every entry is as it was written, and none is missing.'),
    broken: z
      .object({
        id: z.string().describe('The first entry at which it is not.'),
        reason: z
          .enum(['changed', 'unlinked', 'missing', 'unseen'])
          .describe(
            '`changed`: it, or what stood before it, is not what was linked. `unlinked`: its link is gone. `missing`: entries are gone. `unseen`: the link given as `seen` is not in the chain.',
          ),
      })
      .nullable(),
    linked: z.int().describe('Entries whose link is right.'),
    pending: z.int().describe('Entries that are too young to have a link.'),
    late: z
      .object({ count: z.int(), firstId: z.string() })
      .nullable()
      .describe(
        'Entries that were linked more than five minutes after they were written: the admin service was away, or somebody took the links away.',
      ),
    head: z
      .object({ id: z.string(), link: z.string(), count: z.int() })
      .nullable()
      .describe('The newest link. Noted elsewhere, it shows later (`seen`) that nothing before it is gone.'),
  })
  .meta({ id: 'AuditVerdict' })

export const auditRoutes = [
  route({
    id: 'listAudit',
    method: 'get',
    path: '/api/audit',
    tag: 'Platform',
    summary: 'Lists who changed what and when, newest first.',
    permission: 'audit',
    query: backwardsQuery({
      noun: text('noun'),
      subject: text('subject (an id)'),
      actor: text('actor (the id of an admin token)'),
    }),
    answer: { status: 200, schema: pageOf(AuditEntry) },
    async handle({ registry, query }) {
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
      return { body: await listAudit(registry, { ...given, limit: query.limit }) }
    },
  }),
  route({
    id: 'verifyAudit',
    method: 'get',
    path: '/api/audit/verify',
    tag: 'Platform',
    summary: 'Checks that no entry of the audit was changed, removed or put between others.',
    description:
      'Goes through the whole chain of keyed hashes: about a second for 50,000 entries. The newest entries get their links meanwhile.',
    permission: 'audit',
    query: z.strictObject({
      seen: z
        .string()
        .max(100)
        .optional()
        .describe('A link that was noted before (`head.link`, or from the log): it must be in the chain.'),
    }),
    answer: { status: 200, schema: AuditVerdict },
    handle: async ({ registry, query }) => ({ body: await verifyAudit(registry, query.seen) }),
  }),
]
