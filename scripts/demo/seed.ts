import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Api, Application, Credential, Partner, Plan, Upstream, Version } from '../../registry/model.ts'
import { root } from '../setup.mjs'
import { type AdminClient, ensure } from './admin-client.ts'
import {
  apiFor,
  application,
  documents,
  lackedScope,
  partner,
  plan,
  upstreamOn,
  versionOf,
} from './inputs.ts'

export interface DemoCredentials {
  readonly apiKey: string
  readonly clientId: string
  readonly clientSecret: string
}

/**
 * Registers and publishes the payments API and lets a partner in, all through the admin API. What is there already is
 * taken as it is, so a start that broke off half-way is completed by the next.
 */
export async function registerDemo(
  admin: AdminClient,
  services: readonly string[],
  pages: readonly string[],
): Promise<DemoCredentials> {
  const upstream = await ensure<Upstream>(admin, '/api/upstreams', upstreamOn(services))
  const { id: planId } = await ensure<Plan>(admin, '/api/plans', plan)
  const { id: apiId } = await ensure<Api>(admin, '/api/apis', apiFor(pages))
  const versions: Version[] = []
  for (const { name, file } of documents) {
    const input = versionOf(name, upstream.id, planId)
    const version = await ensure<Version>(admin, `/api/apis/${apiId}/versions`, input)
    if (version.revision === 0) await importDocument(admin, version.id, file)
    versions.push(version)
  }
  await admin.post('/api/publish', { apis: [apiId], note: 'the demo' })

  const { id: partnerId } = await ensure<Partner>(admin, '/api/partners', partner)
  const { id: applicationId } = await ensure<Application>(
    admin,
    `/api/partners/${partnerId}/applications`,
    application,
  )
  await subscribe(admin, applicationId, versions, planId)
  return issueCredentials(admin, applicationId)
}

async function importDocument(admin: AdminClient, versionId: string, file: string): Promise<void> {
  const path = `/api/versions/${versionId}`
  const stored = await admin.get(path)
  await admin.put(`${path}/document`, readFileSync(join(root, file)), stored?.etag ?? '*')
}

async function subscribe(admin: AdminClient, applicationId: string, versions: Version[], planId: string) {
  const path = `/api/applications/${applicationId}/subscriptions`
  const existing = await admin.get<{ items: { versionId: string }[] }>(path)
  for (const { id: versionId } of versions) {
    if (existing?.body.items.some((subscription) => subscription.versionId === versionId)) continue
    const operations = await admin.get<{ items: { scopes: string[][] }[] }>(
      `/api/versions/${versionId}/operations`,
    )
    const all = new Set(operations?.body.items.flatMap(({ scopes }) => scopes.flat()))
    all.delete(lackedScope)
    await admin.post(path, { versionId, planId, scopes: [...all].sort() })
  }
}

async function issueCredentials(admin: AdminClient, applicationId: string): Promise<DemoCredentials> {
  const path = `/api/applications/${applicationId}/credentials`
  const issue = async (kind: string) => {
    const input = { kind, environment: 'live', title: 'made by npm start' }
    return (await admin.post<{ credential: Credential; secret: string }>(path, input)).body
  }
  const key = await issue('api-key')
  const client = await issue('oauth-client')
  return { apiKey: key.secret, clientId: client.credential.id, clientSecret: client.secret }
}

/** Points the demo's upstream to where its services listen now, and publishes that if it differs. */
export async function retarget(admin: AdminClient, services: readonly string[]): Promise<void> {
  const { name, targets } = upstreamOn(services)
  const stored = await admin.get<Upstream>(`/api/upstreams/${name}`)
  if (!stored) return // taken out by its owner
  // Weights, caps and draining are whoever's who set them; only addresses of targets that we know are ours to change.
  const urls = new Map(targets.map((target) => [target.id, target.url]))
  const moved = stored.body.targets.map((target) => ({ ...target, url: urls.get(target.id) ?? target.url }))
  if (moved.every((target, i) => target.url === stored.body.targets[i]?.url)) return
  await admin.put(`/api/upstreams/${name}`, { ...stored.body, targets: moved }, stored.etag)
  await admin.post('/api/publish', { upstreams: [name], note: 'the demo’s services moved' })
}
