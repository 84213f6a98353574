import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { updateApplication } from '../../registry/applications.ts'
import { getCredential, updateCredential } from '../../registry/credentials.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { createRegistrationToken } from '../../registry/registration-tokens.ts'
import { registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../support/redis.ts'

let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
beforeAll(async () => {
  registry = await testRegistry()
  server = await startAuthorizationServer(registry)
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

const actor = { id: 'test' }

async function send(method: string, url: string, token: string, body: object) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

/** Metadata do not speak of how long authorizations last, so a client that manages itself must not reset it. */
test('a client that changes its registration keeps what the bank has set of it', async () => {
  const { applicationId } = await registerParty(registry, 'acme')
  const { token } = await createRegistrationToken(registry, actor, applicationId, { environment: 'sandbox' })
  const metadata = {
    redirect_uris: ['https://shop.example/back'],
    grant_types: ['authorization_code', 'refresh_token'],
  }
  const made = (await send('POST', `${server.issuer}/oauth2/register`, token, metadata)).body
  const clientId = made.client_id!
  const { value, etag } = await getCredential(registry, clientId)
  const { title, scopes, expiresAt, tokenLifetimeSeconds } = value
  const oauth = ClientSettings.parse({
    ...value.oauth,
    refreshLifetimeSeconds: 3_600,
    isResourceServer: true,
  })
  const narrowed = { title, scopes, expiresAt, tokenLifetimeSeconds: 60, oauth }
  expect(tokenLifetimeSeconds).not.toBe(60)
  await updateCredential(registry, actor, clientId, narrowed, etag)

  const changed = await send('PUT', made.registration_client_uri!, made.registration_access_token!, {
    ...metadata,
    client_id: clientId,
    client_name: 'New',
  })
  expect([changed.status, changed.body.client_name]).toEqual([200, 'New'])
  expect((await getCredential(registry, clientId)).value).toMatchObject({
    tokenLifetimeSeconds: 60,
    oauth: { refreshLifetimeSeconds: 3_600, isResourceServer: true },
  })
})

const register = (token: string, metadata: object) =>
  send('POST', `${server.issuer}/oauth2/register`, token, {
    grant_types: ['client_credentials'],
    ...metadata,
  })

test('a client registers for no more than its initial access token lets it', async () => {
  const { applicationId } = await registerParty(registry, 'ceiling')
  const input = { environment: 'sandbox' as const, scopes: ['payments:read'], uses: 5 }
  const { token } = await createRegistrationToken(registry, actor, applicationId, input)
  const people = { grant_types: ['authorization_code'], redirect_uris: ['https://shop.example/back'] }
  for (const beyond of [
    { scope: 'payments:read payments:write' },
    { ...people, authorization_details_types: ['payment_initiation'] },
  ]) {
    const { status, body } = await register(token, beyond)
    expect([status, body.error]).toEqual([400, 'invalid_client_metadata'])
  }
  const made = await register(token, {})
  expect([made.status, made.body.scope]).toEqual([201, 'payments:read'])
})

test('a client that manages itself gets back nothing that was taken from it', async () => {
  const { applicationId } = await registerParty(registry, 'taken')
  const { token } = await createRegistrationToken(registry, actor, applicationId, {
    environment: 'sandbox',
    authorizationDetailsTypes: ['payment_initiation'],
  })
  const metadata = {
    grant_types: ['authorization_code'],
    redirect_uris: ['https://shop.example/back'],
    authorization_details_types: ['payment_initiation'],
  }
  const { body: made } = await register(token, metadata)
  const clientId = made.client_id!
  const { value, etag } = await getCredential(registry, clientId)
  const { title, expiresAt, tokenLifetimeSeconds } = value
  const oauth = ClientSettings.parse({ ...value.oauth, authorizationDetailsTypes: [] })
  const narrowed = { title, scopes: ['payments:read'], expiresAt, tokenLifetimeSeconds, oauth }
  await updateCredential(registry, actor, clientId, narrowed, etag)
  const put = (more: object) =>
    send('PUT', made.registration_client_uri!, made.registration_access_token!, {
      ...metadata,
      client_id: clientId,
      ...more,
    })
  expect((await put({})).status).toBe(400)
  const kept = { authorization_details_types: [] }
  expect((await put({ ...kept, scope: 'payments:read payments:write' })).status).toBe(400)
  expect((await put(kept)).status).toBe(200)
  const after = (await getCredential(registry, clientId)).value
  expect([after.scopes, after.oauth?.authorizationDetailsTypes]).toEqual([['payments:read'], []])
})

test('a suspended application neither registers nor changes a client', async () => {
  const { applicationId } = await registerParty(registry, 'suspended')
  const input = { environment: 'sandbox', uses: 2 } as const
  const { token } = await createRegistrationToken(registry, actor, applicationId, input)
  const { body: made } = await register(token, {})
  const till = { name: 'till', title: 'Till' }
  await updateApplication(registry, actor, applicationId, { ...till, isSuspended: true })
  expect((await register(token, {})).status).toBe(401)
  const change = { client_id: made.client_id, grant_types: ['client_credentials'] }
  const { status } = await send('PUT', made.registration_client_uri!, made.registration_access_token!, change)
  expect(status).toBe(401)
})
