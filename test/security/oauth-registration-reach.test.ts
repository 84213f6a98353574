import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRegistrationToken } from '../../registry/client-registration.ts'
import { getCredential, updateCredential } from '../../registry/credentials.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
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
