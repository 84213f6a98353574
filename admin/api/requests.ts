import { z } from 'zod'
import { getApi, getRevision, getVersion } from '../../registry/apis.ts'
import { Problem, problem } from '../../registry/base/problem.ts'
import { getPlan } from '../../registry/plans.ts'
import { getSettings } from '../../registry/settings.ts'
import type { Registry } from '../../registry/store.ts'
import { labelsOf } from '../../registry/traffic/labels.ts'
import { type CallFilter, findCall, LoggedCall, listCalls } from '../../registry/traffic/requests.ts'
import { type Dimension, dimensions } from '../../registry/traffic/views.ts'
import { effectivePolicies } from '../effective.ts'
import { type AnyRoute, route } from '../route.ts'
import { csvOf } from './csv.ts'
import { EffectivePolicy } from './operations.ts'
import { backwardsQuery, pageOf } from './schemas.ts'
import { filterFields, momentsOf, rangeFields } from './traffic.ts'

const labelled = ['api', 'version', 'partner', 'application', 'credential', 'upstream'] as const

const Shown = {
  ownMs: z.number().describe('The gateway’s own share of its time.'),
  labels: z
    .object(Object.fromEntries(labelled.map((name) => [name, z.string()])))
    .describe('What people call the things that the ids stand for.'),
}
const Call = LoggedCall.extend(Shown).meta({ id: 'LoggedCall' })
type Call = z.infer<typeof Call>

/** Of the platform's inside a partner sees nothing. */
const hidden = ['gateway', 'upstream', 'target', 'tried', 'note', 'stoppedBy', 'plan'] as const
const PartnerCall = Call.omit({
  gateway: true,
  upstream: true,
  target: true,
  tried: true,
  note: true,
  stoppedBy: true,
  plan: true,
}).meta({ id: 'PartnerCall' })

const Explained = z
  .object({
    call: Call,
    policy: EffectivePolicy.nullable().describe(
      'The policy that stopped it, as it is configured now and by which level; `null`: none did, or it is gone.',
    ),
  })
  .meta({ id: 'ExplainedCall' })

const queryOf = (of: readonly Dimension[]) =>
  backwardsQuery({
    ...rangeFields,
    ...filterFields(of),
    method: z.string().min(1).max(16).optional().describe('Only calls with this method.'),
    status: z
      .string()
      .regex(/^([1-5]\d\d|[1-5]xx|none)$/, 'a status such as 404, a class such as 4xx, or none')
      .optional()
      .describe('Only calls answered with this status, such as `404` or `4xx`; `none`: without an answer.'),
    problem: z.string().min(1).max(64).optional().describe('Only calls refused with this code.'),
    ...(of.includes('gateway')
      ? { stoppedBy: z.string().min(1).max(64).optional().describe('Only calls that this policy refused.') }
      : {}),
    minMs: z.coerce.number().nonnegative().optional().describe('Only calls that took so long at least.'),
  })

type Query = z.infer<ReturnType<typeof queryOf>>

/** Without a range all that is kept is looked through. */
function filterOf({ limit: _, before: __, range, from, to, ...filter }: Query, now: number): CallFilter {
  const isOpen = range === undefined && from === undefined && to === undefined
  return { ...(filter as CallFilter), ...(isOpen ? {} : momentsOf({ range, from, to }, now)) }
}

async function shownCalls(registry: Registry, calls: readonly LoggedCall[]): Promise<Call[]> {
  const names = await Promise.all(
    labelled.map((dimension) => {
      const ids = [...new Set(calls.map((call) => call[dimension]).filter(Boolean))]
      return labelsOf(registry, dimension, ids)
    }),
  )
  return calls.map((call) => ({
    ...call,
    ownMs: Math.max(0, Math.round((call.ms - (call.upstreamMs ?? 0)) * 1_000) / 1_000),
    labels: Object.fromEntries(labelled.map((name, i) => [name, names[i]!.get(call[name]) ?? ''])),
  }))
}

function forPartner(call: Call) {
  const { upstream: _, ...labels } = call.labels
  const kept = Object.entries(call).filter(([name]) => !(hidden as readonly string[]).includes(name))
  return { ...Object.fromEntries(kept), labels }
}

const isPartners = (params: unknown): string | undefined => (params as { partner?: string }).partner

async function requireCall(registry: Registry, id: string, partner: string | undefined): Promise<Call> {
  const call = await findCall(registry, id)
  if (!call || (partner !== undefined && call.partner !== partner))
    throw problem('not-found', {
      detail: `No call "${id}" is in the log. It keeps a choice of the calls, and each for some time only.`,
    })
  return (await shownCalls(registry, [call]))[0]!
}

/** How the policy that stopped it is configured now. It may have been changed since, or be gone with its API. */
async function policyOf(registry: Registry, { version, operation, plan, stoppedBy }: LoggedCall) {
  if (version === '' || ['', 'gateway', 'upstream'].includes(stoppedBy)) return null
  try {
    const { value: of } = await getVersion(registry, version)
    const [revision, api, settings, ofPlan] = await Promise.all([
      of.revision === 0 ? undefined : getRevision(registry, of.id, of.revision),
      getApi(registry, of.apiId),
      getSettings(registry),
      plan === '' ? undefined : getPlan(registry, plan),
    ])
    if (!revision?.value.document.operations.some(({ id }) => id === operation)) return null
    const all = effectivePolicies([
      ['gateway', settings.value.policies],
      ['plan', ofPlan?.value.policies ?? {}],
      ['api', api.value.policies],
      ['version', of.policies],
      ['operation', of.operations[operation]?.policies ?? {}],
    ])
    return all.find(({ name }) => name === stoppedBy) ?? null
  } catch (error) {
    if (error instanceof Problem && error.code === 'not-found') return null
    throw error
  }
}

const note =
  'Gateways keep a choice of the calls, refusals and errors first, for some time; counts are exact, this log is not whole.'

function rows(of: readonly Dimension[], where: Pick<AnyRoute, 'permission'> & { path: string; id: string }) {
  const isPlatform = where.path === '/api'
  const query = queryOf(of)
  const find = async (registry: Registry, query: Query, params: unknown) => {
    const partner = isPartners(params)
    const filter = filterOf(query, registry.now())
    return listCalls(registry, partner === undefined ? filter : { ...filter, partner }, query)
  }
  const view = (call: Call) => (isPlatform ? call : forPartner(call))
  return [
    route({
      id: `list${where.id}Requests`,
      method: 'get',
      path: `${where.path}/requests`,
      tag: 'Traffic',
      summary: 'Lists calls, newest first.',
      description: `${note} A page of a rare filter may be short, or empty, and still have a \`next\`.`,
      permission: where.permission,
      query,
      answer: { status: 200, schema: pageOf(isPlatform ? Call : PartnerCall) },
      async handle({ registry, query, params }) {
        const { items, next } = await find(registry, query, params)
        return { body: { items: (await shownCalls(registry, items)).map(view), next } }
      },
    }),
    route({
      id: `export${where.id}Requests`,
      method: 'get',
      path: `${where.path}/requests.csv`,
      tag: 'Traffic',
      summary: 'The same as a table: up to 5,000 calls.',
      permission: where.permission,
      query,
      answer: { status: 200, types: ['text/csv'] },
      async handle({ registry, query, params }) {
        const { items } = await find(registry, { ...query, limit: 5_000 }, params)
        const calls = await shownCalls(registry, items)
        return { raw: { type: 'text/csv; charset=utf-8', bytes: requestsCsv(calls, isPlatform) } }
      },
    }),
    route({
      id: `get${where.id}Request`,
      method: 'get',
      path: `${where.path}/requests/{request}`,
      tag: 'Traffic',
      summary: 'Explains one call, by its request id.',
      description: note,
      permission: where.permission,
      answer: { status: 200, schema: isPlatform ? Explained : z.object({ call: PartnerCall }) },
      async handle({ registry, params }) {
        const call = await requireCall(registry, params.request, isPartners(params))
        return isPlatform
          ? { body: { call, policy: await policyOf(registry, call) } }
          : { body: { call: forPartner(call) } }
      },
    }),
  ]
}

function requestsCsv(calls: readonly Call[], isPlatform: boolean): string {
  const inside = isPlatform ? (['upstream', 'target', 'gateway', 'stoppedBy'] as const) : []
  const head = [
    'time',
    'request_id',
    'environment',
    'method',
    'path',
    'status',
    'ms',
    'backend_ms',
    'gateway_ms',
    'problem',
    'api',
    'version',
    'operation',
    'partner',
    'application',
    'credential',
    'trace',
    ...inside,
  ]
  const lines = calls.map((call) => [
    new Date(call.at).toISOString(),
    call.id,
    call.environment,
    call.method,
    call.path,
    call.status,
    call.ms,
    call.upstreamMs,
    call.ownMs,
    call.problem,
    call.labels.api,
    call.labels.version,
    call.operation,
    call.labels.partner,
    call.labels.application,
    call.labels.credential,
    call.trace,
    ...inside.map((name) => call[name]),
  ])
  return csvOf(head, lines)
}

/** What goes on behind the gateway is nothing that a partner sees. */
const ofPartners = ['api', 'version', 'operation', 'application', 'credential'] as const

export const requestRoutes: AnyRoute[] = [
  ...rows(dimensions, { id: '', path: '/api', permission: 'read' }),
  ...rows(ofPartners, { id: 'Own', path: '/api/portal/{partner}', permission: 'portal:read' }),
]
