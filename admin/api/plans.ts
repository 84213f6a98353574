import { PlanInput } from '../../registry/model.ts'
import { createPlan, deletePlan, getPlan, listPlans, updatePlan } from '../../registry/plans.ts'
import { created, list, record, route } from '../route.ts'
import { requireGoodPolicies } from './policy-configs.ts'
import { listOptions, listQuery, nameFilter, Plan, pageOf, replacement } from './schemas.ts'

export const planRoutes = [
  route({
    id: 'listPlans',
    method: 'get',
    path: '/api/plans',
    tag: 'Plans',
    summary: 'Lists the plans.',
    permission: 'read',
    query: listQuery(nameFilter),
    answer: { status: 200, schema: pageOf(Plan) },
    handle: async ({ registry, query }) => list(await listPlans(registry, listOptions(query))),
  }),
  route({
    id: 'createPlan',
    method: 'post',
    path: '/api/plans',
    tag: 'Plans',
    summary: 'Makes a plan: named limits, applied by subscription.',
    permission: 'write',
    body: PlanInput,
    answer: { status: 201, schema: Plan, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, body }) {
      requireGoodPolicies(body)
      return created(await createPlan(registry, actor, body), '/api/plans')
    },
  }),
  route({
    id: 'getPlan',
    method: 'get',
    path: '/api/plans/{plan}',
    tag: 'Plans',
    summary: 'Shows a plan, by id or name.',
    permission: 'read',
    answer: { status: 200, schema: Plan, hasEtag: true },
    handle: async ({ registry, params }) => record(await getPlan(registry, params.plan)),
  }),
  route({
    id: 'replacePlan',
    method: 'put',
    path: '/api/plans/{plan}',
    tag: 'Plans',
    summary: 'Replaces a plan whole. Gateways know it after the next publish.',
    permission: 'write',
    body: replacement(PlanInput),
    answer: { status: 200, schema: Plan, hasEtag: true },
    refuses: ['name-taken'],
    async handle({ registry, actor, params, body, ifMatch }) {
      requireGoodPolicies(body)
      const { value } = await getPlan(registry, params.plan)
      return record(await updatePlan(registry, actor, value.id, body, ifMatch))
    },
  }),
  route({
    id: 'deletePlan',
    method: 'delete',
    path: '/api/plans/{plan}',
    tag: 'Plans',
    summary: 'Deletes a plan that nothing refers to.',
    permission: 'write',
    answer: { status: 204 },
    refuses: ['state-conflict'],
    async handle({ registry, actor, params, ifMatch }) {
      const { value } = await getPlan(registry, params.plan)
      await deletePlan(registry, actor, value.id, ifMatch)
      return {}
    },
  }),
]
