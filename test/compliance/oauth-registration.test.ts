import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { clientCredentials, discover } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import { redirectUri, type TestServer, testClient } from '../support/oauth-servers/server.ts'

/** RFC 7591 and RFC 7592: clients that register themselves, and look after their registration. */

afterAll(endServers)

describe.each(servers('registration'))('registration at %s', (_name, start) => {
  let server: TestServer
  let as: oauth.AuthorizationServer
  beforeAll(async () => {
    server = await start()
    as = await discover(server)
  })

  const metadata = {
    client_name: 'Shop',
    grant_types: ['authorization_code', 'client_credentials'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'client_secret_basic',
  }
  async function register(wish: Record<string, unknown> = metadata, token = server.registrationToken) {
    const options = { ...server.options(), initialAccessToken: token }
    const response = await oauth.dynamicClientRegistrationRequest(as, wish as Partial<oauth.Client>, options)
    return oauth.processDynamicClientRegistrationResponse(response)
  }
  const manage = async (
    { registration_client_uri, registration_access_token }: Record<string, unknown>,
    method = 'GET',
    body?: object,
  ) =>
    fetch(String(registration_client_uri), {
      method,
      headers: {
        authorization: `Bearer ${registration_access_token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })

  test('gives a client that works', async () => {
    const client = await register()
    const known = testClient({
      id: client.client_id,
      secret: String(client.client_secret),
      settings: ClientSettings.parse({}),
      keys: undefined as never,
      certificate: undefined,
    })
    expect(await clientCredentials(server, known)).toMatchObject({ token_type: 'bearer' })
  })

  test('is closed to strangers', async () => {
    await expect(register(metadata, 'guessed')).rejects.toMatchObject({ status: 401 })
    const bare = await fetch(as.registration_endpoint!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    })
    expect([400, 401]).toContain(bare.status)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a redirect URI with a fragment', { redirect_uris: ['https://shop.example/cb#x'] }],
    ['a redirect URI that runs a script', { redirect_uris: ['javascript:alert(1)'] }],
    ['no redirect URI where one is needed', { redirect_uris: undefined }],
    ['an unknown way to prove itself', { token_endpoint_auth_method: 'by_asking_nicely' }],
    ['the password grant', { grant_types: ['password'] }],
  ])('refuses %s', async (_what, wish) => {
    await expect(register({ ...metadata, ...wish })).rejects.toMatchObject({
      status: 400,
      error: expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/),
    })
  })

  test('can be read, changed and ended with the token that came with it (RFC 7592)', async () => {
    const client = await register()
    const read = await manage(client)
    expect(read.status).toBe(200)
    const now = (await read.json()) as Record<string, unknown>
    expect(now).toMatchObject({ client_id: client.client_id, redirect_uris: [redirectUri] })
    const holder = { ...client, ...now }

    const { client_id, client_secret } = client
    const wish = { ...metadata, client_id, client_secret, redirect_uris: [`${redirectUri}/two`] }
    const put = await manage(holder, 'PUT', wish)
    expect(put.status).toBe(200)
    const changed = { ...holder, ...((await put.json()) as Record<string, unknown>) }
    expect(changed).toMatchObject({ redirect_uris: [`${redirectUri}/two`] })

    expect((await manage(changed, 'DELETE')).status).toBe(204)
    expect((await manage(changed)).status).toBe(401)
  })

  test('of one client cannot be read with the token of another', async () => {
    const [one, other] = [await register(), await register()]
    const mixed = { ...one, registration_access_token: other.registration_access_token }
    expect([401, 403]).toContain((await manage(mixed)).status)
    expect((await manage(one)).status).toBe(200)
  })
})
