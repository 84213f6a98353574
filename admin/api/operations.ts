import { z } from 'zod'
import { getApi, getRevision, getVersion } from '../../registry/apis.ts'
import { getPlan } from '../../registry/plans.ts'
import { requiredScopes } from '../../registry/routes.ts'
import { getSettings } from '../../registry/settings.ts'
import { effectivePolicies } from '../effective.ts'
import { route } from '../route.ts'
import { Operation } from './schemas.ts'

export const EffectivePolicy = z
  .object({
    name: z.string(),
    source: z
      .enum(['default', 'gateway', 'plan', 'api', 'version', 'operation'])
      .describe('The level that said so; the nearest wins whole.'),
    config: z.record(z.string(), z.unknown()).nullable().describe('`null`: switched off at that level.'),
  })
  .meta({ id: 'EffectivePolicy' })

const EffectiveOperation = z
  .object({
    operation: Operation,
    scopes: Operation.shape.scopes.describe(
      'What the gateway asks for: of the operation’s settings, or the document.',
    ),
    policies: z.array(EffectivePolicy).describe('In running order.'),
  })
  .meta({ id: 'EffectiveOperation' })

export const operationRoutes = [
  route({
    id: 'listOperations',
    method: 'get',
    path: '/api/versions/{version}/operations',
    tag: 'Versions',
    summary:
      'The operations of the current revision, each with the policies that apply to it and where they come from.',
    description: 'Shows the draft: what the gateways would do after the next publish.',
    permission: 'read',
    query: z.strictObject({
      plan: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe('As a subscriber under this plan (id or name) would find it.'),
    }),
    answer: { status: 200, schema: z.object({ items: z.array(EffectiveOperation) }) },
    async handle({ registry, params, query }) {
      const { value: version } = await getVersion(registry, params.version)
      if (version.revision === 0) return { body: { items: [] } }
      const [revision, api, settings, plan] = await Promise.all([
        getRevision(registry, version.id, version.revision),
        getApi(registry, version.apiId),
        getSettings(registry),
        query.plan === undefined ? undefined : getPlan(registry, query.plan),
      ])
      const items = revision.value.document.operations.map((operation) => {
        const own = version.operations[operation.id]
        const policies = effectivePolicies([
          ['gateway', settings.value.policies],
          ['plan', plan?.value.policies ?? {}],
          ['api', api.value.policies],
          ['version', version.policies],
          ['operation', own?.policies ?? {}],
        ])
        return { operation, scopes: requiredScopes(operation, own), policies }
      })
      return { body: { items } }
    },
  }),
]
