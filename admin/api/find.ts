import { z } from 'zod'
import { headOf } from '../../registry/base/secrets.ts'
import { findByText, foundKinds } from '../../registry/find.ts'
import { route } from '../route.ts'

const Found = z
  .object({
    kind: z.enum(foundKinds),
    id: z.string(),
    title: z.string().describe('What people call it; empty where it has neither title nor name.'),
    apiId: z.string().nullable().describe('The API that it belongs to.'),
    partnerId: z.string().nullable(),
    applicationId: z.string().nullable(),
  })
  .meta({ id: 'Found' })

/** A hint has two letters more than the head of a secret, and an ellipsis between. */
const longestHint = 4
const isWholeSecret = (text: string) => headOf(text) !== '' && text.length > headOf(text).length + longestHint

const findQuery = z.strictObject({
  text: z
    .string()
    .trim()
    .min(2)
    .max(100)
    .refine((text) => !isWholeSecret(text), {
      error:
        'is a whole secret, which no address should hold: its prefix and the next four letters are enough',
    })
    .describe(
      'Part of a name or title, the beginning of an id, or the prefix and next four letters of a key.',
    ),
})
const answer = { status: 200, schema: z.object({ items: z.array(Found) }) } as const

export const findRoutes = [
  route({
    id: 'find',
    method: 'get',
    path: '/api/find',
    tag: 'Platform',
    summary: 'Finds what a text leads to: APIs, backends, plans, partners, applications, credentials.',
    description: 'At most five of each kind.',
    permission: 'read',
    query: findQuery,
    answer,
    handle: async ({ registry, query }) => ({ body: { items: await findByText(registry, query.text) } }),
  }),
]
