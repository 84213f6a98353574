import type { Made } from './admin-process.ts'
import { smallDocument } from './platform.ts'

/** Sends one request to the admin API and returns the answer's body. */
export type Send = (method: string, path: string, body?: unknown) => Promise<Made>

/**
 * Every kind of write that the admin API knows, in an order in which one can follow the other; all that it makes bears
 * the name.
 */
export async function writeEverything(send: Send, name: string): Promise<void> {
  const document = (title: string) =>
    Buffer.from(JSON.stringify({ ...smallDocument, info: { title, version: name } }))
  const upstream = { name, targets: [{ id: 'one', url: 'http://127.0.0.1:9' }] }
  const { id: upstreamId } = await send('POST', '/api/upstreams', {
    ...upstream,
    credential: { header: 'authorization', value: `Bearer of-${name}` },
  })
  await send('PUT', `/api/upstreams/${upstreamId}`, { ...upstream, title: 'changed' })
  const plan = { name, title: 'Plan', policies: { 'rate-limit': { limit: 10 } } }
  const { id: planId } = await send('POST', '/api/plans', plan)
  await send('PUT', `/api/plans/${planId}`, { ...plan, title: 'changed' })
  const { id: apiId } = await send('POST', '/api/apis', { name, title: 'API' })
  await send('PUT', `/api/apis/${apiId}`, { name, title: 'changed' })
  const version = { name: 'v1', routing: { by: 'path', basePath: `/${name}` }, plans: [planId] }
  const { id: versionId } = await send('POST', `/api/apis/${apiId}/versions`, version)
  await send('PUT', `/api/versions/${versionId}`, { ...version, upstreams: { live: upstreamId } })
  await send('PUT', `/api/versions/${versionId}/document`, document('first'))
  await send('PUT', `/api/versions/${versionId}/document`, document('second'))
  await send('POST', `/api/versions/${versionId}/revisions/1/use`)
  const { number } = await send('POST', '/api/publish', { apis: [apiId] })
  await send('PUT', '/api/settings', { policies: {} })

  const partner = { name, title: 'Partner' }
  const { id: partnerId } = await send('POST', '/api/partners', partner)
  await send('PUT', `/api/partners/${partnerId}`, { ...partner, isSuspended: true })
  const application = { name, title: 'Application' }
  const { id: applicationId } = await send('POST', `/api/partners/${partnerId}/applications`, application)
  await send('PUT', `/api/applications/${applicationId}`, { ...application, title: 'changed' })
  const subscription = { versionId, planId }
  const path = `/api/applications/${applicationId}/subscriptions`
  const { id: subscriptionId } = await send('POST', path, subscription)
  await send('PUT', `/api/subscriptions/${subscriptionId}`, { ...subscription, scopes: ['payments:write'] })
  for (const kind of ['api-key', 'oauth-client']) {
    const input = { kind, environment: 'live' }
    const { credential } = await send('POST', `/api/applications/${applicationId}/credentials`, input)
    await send('POST', `/api/credentials/${credential.id}/rotate`, { overlapSeconds: 60 })
    await send('POST', `/api/credentials/${credential.id}/revoke`)
  }
  const { token } = await send('POST', '/api/admin-tokens', { title: name, permissions: ['read'] })
  await send('POST', `/api/admin-tokens/${token.id}/revoke`)

  const issuer = {
    name,
    issuer: `https://${name}.example`,
    environment: 'live',
    applications: { 'their-client': applicationId },
    verification: {
      by: 'introspection',
      endpoint: `https://${name}.example/introspect`,
      clientId: 'gateway',
      clientSecret: `issuer-secret-of-${name}`,
    },
  }
  const { id: issuerId } = await send('POST', '/api/issuers', issuer)
  await send('PUT', `/api/issuers/${issuerId}`, { ...issuer, title: 'changed' })
  await send('DELETE', `/api/issuers/${issuerId}`)
  await send('POST', '/api/signing-keys/roll-over', { isImmediate: true })
  const { id: keyId } = await send('POST', '/api/signing-keys/roll-over', { isImmediate: false })
  await send('POST', `/api/signing-keys/${keyId}/retire`)

  await send('DELETE', `/api/subscriptions/${subscriptionId}`)
  await send('DELETE', `/api/applications/${applicationId}`)
  await send('DELETE', `/api/partners/${partnerId}`)
  await send('POST', '/api/publish', { withdraw: [apiId] })
  await send('DELETE', `/api/versions/${versionId}`)
  await send('DELETE', `/api/apis/${apiId}`)
  await send('DELETE', `/api/plans/${planId}`)
  await send('DELETE', `/api/upstreams/${upstreamId}`)
  await send('POST', `/api/snapshots/${number}/rollback`, {})
}
