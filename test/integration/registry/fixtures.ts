import { createApi, createVersion, importDocument } from '../../../registry/apis.ts'
import { createApplication, createPartner, createSubscription } from '../../../registry/partners.ts'
import { createPlan } from '../../../registry/plans.ts'
import type { Registry } from '../../../registry/store.ts'
import { createUpstream } from '../../../registry/upstreams.ts'

export const actor = { id: 'bootstrap' }
export const limits = { maxBytes: 1_000_000, timeoutMs: 20_000 }

/** A small document with one operation for each path. */
export function document(...paths: string[]): Buffer {
  const security = [{ oauth: ['payments:write'] }]
  const operations = paths.map((path) => {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
    const operationId = `post${path.replace(/\W+/g, '-')}`
    return [
      path,
      { post: { operationId, parameters, security, responses: { 200: { description: 'done' } } } },
    ]
  })
  const flows = {
    clientCredentials: { tokenUrl: 'https://bank.example/token', scopes: { 'payments:write': 'Pay.' } },
  }
  return Buffer.from(
    JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'Payments', version: '1.0.0' },
      components: { securitySchemes: { oauth: { type: 'oauth2', flows } } },
      paths: Object.fromEntries(operations),
    }),
  )
}

/** An API with one imported version, its upstream and a plan: ready to be published. */
export async function readyApi(r: Registry, name = 'payments', basePath = `/${name}`) {
  const upstream = await createUpstream(r, actor, {
    name: `${name}-bank`,
    targets: [{ id: 'one', url: 'http://127.0.0.1:8080' }],
  })
  const plan = await createPlan(r, actor, { name: `${name}-gold`, title: 'Gold' })
  const api = await createApi(r, actor, { name, title: name })
  const draft = await createVersion(r, actor, api.value.id, {
    name: 'v1',
    routing: { by: 'path', basePath },
    upstreams: { sandbox: upstream.value.id, live: upstream.value.id },
    plans: [plan.value.id],
  })
  const { version } = await importDocument(r, actor, draft.value.id, document('/payment', '/a/{id}'), limits)
  return { api, version, upstream, plan }
}

/** A partner with one application, subscribed to a version. */
export async function readyPartner(r: Registry, version: { id: string }, planId: string | null = null) {
  const partner = await createPartner(r, actor, { name: 'shop', title: 'Shop' })
  const application = await createApplication(r, actor, partner.value.id, { name: 'till', title: 'Till' })
  const subscription = await createSubscription(r, actor, application.value.id, {
    versionId: version.id,
    planId,
  })
  return { partner, application, subscription }
}
