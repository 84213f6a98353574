import { z } from 'zod'
import { checkPolicyConfig } from '../../policies/index.ts'
import { getApi } from '../../registry/apis.ts'
import { problem } from '../../registry/base/problem.ts'
import type { Snapshot as SnapshotRecord } from '../../registry/model.ts'
import { getPlan } from '../../registry/plans.ts'
import {
  currentNumber,
  diffSnapshots,
  listSnapshots,
  loadSnapshot,
  publish,
  rollback,
} from '../../registry/snapshot.ts'
import type { Registry } from '../../registry/store.ts'
import { getUpstream } from '../../registry/upstreams.ts'
import { route } from '../route.ts'
import { numberOf } from './documents.ts'
import { Finding, limit, pageOf, Snapshot, SnapshotSummary } from './schemas.ts'

const names = z.array(z.string().min(1).max(64)).max(500)
const note = z.string().max(1_000).default('').describe('Why, for the list of snapshots and the audit.')

const PublishInput = z.strictObject({
  apis: names
    .default([])
    .describe('APIs by id or name: each with its versions and the upstreams and plans they need.'),
  withdraw: names.default([]).describe('APIs by id or name that gateways stop serving.'),
  upstreams: names.default([]).describe('Upstreams by id or name, without the APIs that use them.'),
  plans: names.default([]).describe('Plans by id or name.'),
  settings: z.boolean().default(false).describe('Whether the defaults of the gateway go along.'),
  note,
  dryRun: z.boolean().default(false).describe('Only checks, and says what would change.'),
})

const Diff = z
  .object({
    base: z.int().describe('Number of the snapshot it is compared with.'),
    entries: z.array(
      z.object({
        change: z.enum(['added', 'removed', 'changed']),
        noun: z.string(),
        id: z.string(),
        name: z.string().describe('For people.'),
        fields: z
          .array(
            z.object({ pointer: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
          )
          .describe('Of what was changed.'),
        sharedWith: z.array(z.string()).describe('Other published APIs that this reaches, too.'),
      }),
    ),
  })
  .meta({ id: 'SnapshotDiff' })

const PublishResult = z.object({
  number: z
    .int()
    .describe('The snapshot that gateways serve from now on; with `dryRun` the number it would get.'),
  isDryRun: z.boolean(),
  diff: Diff,
  findings: z
    .array(Finding)
    .describe('What was noticed; with `dryRun` also, as errors, what would refuse the publish.'),
})

export const snapshotRoutes = [
  route({
    id: 'publish',
    method: 'post',
    path: '/api/publish',
    tag: 'Publishing',
    summary: 'Checks a change set, makes the next snapshot of it, and lets the gateways serve it.',
    description: 'Only what is named goes along, with what it depends on; other drafts stay drafts.',
    permission: 'publish',
    body: PublishInput,
    answer: { status: 200, schema: PublishResult },
    refuses: ['publish-refused', 'state-conflict'],
    async handle({ registry, actor, body }) {
      const { note, dryRun } = body
      const change = await changeSet(registry, body)
      const done = await publish(registry, actor, change, { note, dryRun, checkPolicy: checkPolicyConfig })
      const { snapshot, diff, findings } = done
      return { body: { number: snapshot.number, isDryRun: dryRun, diff, findings } }
    },
  }),
  route({
    id: 'listSnapshots',
    method: 'get',
    path: '/api/snapshots',
    tag: 'Publishing',
    summary: 'Lists the snapshots, newest first.',
    permission: 'read',
    query: z.strictObject({
      limit,
      before: z.coerce.number().int().positive().optional().describe('`next` of the page before.'),
    }),
    answer: { status: 200, schema: pageOf(SnapshotSummary) },
    async handle({ registry, query }) {
      const { limit, before } = query
      const page = await listSnapshots(registry, { limit, ...(before === undefined ? {} : { before }) })
      const items = page.items.map((item) => ({ ...item, isCurrent: item.number === page.current }))
      return { body: { items, next: page.next === null ? null : String(page.next) } }
    },
  }),
  route({
    id: 'getCurrentSnapshot',
    method: 'get',
    path: '/api/snapshots/current',
    tag: 'Publishing',
    summary: 'Shows the snapshot that gateways serve. Number 0 is the empty one before the first publish.',
    permission: 'read',
    answer: { status: 200, schema: Snapshot, hasEtag: true },
    handle: async ({ registry }) => whole(await currentSnapshot(registry)),
  }),
  route({
    id: 'getSnapshot',
    method: 'get',
    path: '/api/snapshots/{number}',
    tag: 'Publishing',
    summary: 'Shows a snapshot whole.',
    permission: 'read',
    answer: { status: 200, schema: Snapshot, hasEtag: true },
    handle: async ({ registry, params }) => whole(await requireSnapshot(registry, numberOf(params.number))),
  }),
  route({
    id: 'diffSnapshots',
    method: 'get',
    path: '/api/snapshots/{number}/diff',
    tag: 'Publishing',
    summary: 'What a snapshot changed, next to the one before it or to another.',
    permission: 'read',
    query: z.strictObject({
      from: z.coerce
        .number()
        .int()
        .nonnegative()
        .optional()
        .describe('The other snapshot; default: the one before.'),
    }),
    answer: { status: 200, schema: z.object({ number: z.int(), diff: Diff }) },
    async handle({ registry, params, query }) {
      const to = numberOf(params.number)
      const from = query.from ?? to - 1
      const [older, newer] = await Promise.all([
        requireSnapshot(registry, from),
        requireSnapshot(registry, to),
      ])
      return { body: { number: to, diff: diffSnapshots(older, newer) } }
    },
  }),
  route({
    id: 'rollback',
    method: 'post',
    path: '/api/snapshots/{number}/rollback',
    tag: 'Publishing',
    summary: 'Lets the gateways serve an older snapshot again. Drafts stay as they are.',
    permission: 'publish',
    body: z.strictObject({ note }),
    answer: { status: 200, schema: z.object({ number: z.int(), diff: Diff }) },
    async handle({ registry, actor, params, body }) {
      const number = numberOf(params.number)
      const { diff } = await rollback(registry, actor, number, body.note)
      return { body: { number, diff } }
    },
  }),
]

/** Names become ids. What is withdrawn is looked for in what is published: it need not be a draft any more. */
async function changeSet(registry: Registry, input: z.infer<typeof PublishInput>) {
  const idsOf = (get: typeof getApi | typeof getUpstream | typeof getPlan, names: readonly string[]) =>
    Promise.all(names.map(async (name) => (await get(registry, name)).value.id))
  const [apis, upstreams, plans, current] = await Promise.all([
    idsOf(getApi, input.apis),
    idsOf(getUpstream, input.upstreams),
    idsOf(getPlan, input.plans),
    currentSnapshot(registry),
  ])
  const withdraw = input.withdraw.map((name) => current.apis.find((api) => api.name === name)?.id ?? name)
  return { apis, withdraw, upstreams, plans, settings: input.settings }
}

const currentSnapshot = async (registry: Registry) => requireSnapshot(registry, await currentNumber(registry))

async function requireSnapshot(registry: Registry, number: number): Promise<SnapshotRecord> {
  const snapshot = await loadSnapshot(registry, number)
  if (!snapshot) throw problem('not-found', { detail: `There is no snapshot ${number}.` })
  return snapshot
}

/** A snapshot never changes, so its number is its etag. */
const whole = (snapshot: SnapshotRecord) => ({
  body: { ...snapshot, upstreams: snapshot.upstreams.map(({ sealedCredential: _, ...shown }) => shown) },
  etag: String(snapshot.number),
})
