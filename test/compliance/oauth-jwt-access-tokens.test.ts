import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { createSigningKey } from '../../registry/signing-keys.ts'
import { createSubscription } from '../../registry/subscriptions.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { fetchToken } from '../support/oauth-token.ts'
import { addPartner, tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call } from '../support/wire.ts'

/** RFC 9068, judged by a resource server of oauth4webapi and by the gateway itself. */

let stage: Stage
let echo: Echo
let signed: StagedApi
let opaque: StagedApi
beforeAll(async () => {
  stage = await startStage()
  echo = stage.keep(await startEcho())
  await createSigningKey(stage.platform.registry, tester, { algorithm: 'ES256', signsFrom: 0 })
  signed = await stage.api('signed', { targets: [{ url: echo.url }], accessTokens: 'jwt' })
  opaque = await stage.api('plain', { targets: [{ url: echo.url }] })
}, 60_000)
afterAll(() => stage?.close())

const callWith = (api: StagedApi, token: string) =>
  call(`${api.url}/accounts/1/balance`, { headers: { authorization: `Bearer ${token}` } })

async function discover(url: string) {
  const issuer = new URL(url)
  const insecure = { [oauth.allowInsecureRequests]: true }
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, answer)
}

async function validate(as: oauth.AuthorizationServer, token: string, audience: string) {
  const request = new Request(`${audience}/accounts/1/balance`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return oauth.validateJwtAccessToken(as, request, audience, { [oauth.allowInsecureRequests]: true })
}

const issuerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).iss as string

test('a client of an API that wants signed tokens gets one that a resource server can check by itself', async () => {
  const token = await fetchToken(stage.gateway.url, signed)
  const as = await discover(issuerOf(token))
  const claims = await validate(as, token, `${as.issuer}/signed/v1`)
  expect(claims).toMatchObject({
    sub: signed.applicationId,
    client_id: signed.clientId,
    scope: expect.stringContaining('payments:write'),
    jti: expect.stringMatching(/^jti_/),
  })
  await expect(validate(as, token, `${as.issuer}/plain/v1`)).rejects.toThrow()
})

test('the gateway takes it like any other, and nobody has it any more once it is given back', async () => {
  const token = await fetchToken(stage.gateway.url, signed)
  expect((await callWith(signed, token)).status).toBe(200)
  const basic = `Basic ${btoa(`${signed.clientId}:${signed.clientSecret}`)}`
  const ask = (path: string) =>
    fetch(`${stage.gateway.url}/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization: basic },
      body: new URLSearchParams({ token }),
    })
  expect(await (await ask('introspect')).json()).toMatchObject({ active: true, client_id: signed.clientId })
  expect((await ask('revoke')).status).toBe(200)
  expect(await (await ask('introspect')).json()).toEqual({ active: false })
  await until(async () => (await callWith(signed, token)).status === 401, { timeoutMs: 1_000 })
})

test('a client that may also use an API with opaque tokens gets an opaque one', async () => {
  expect(await fetchToken(stage.gateway.url, opaque)).toMatch(/^pgt_live_/)
  const shop = await addPartner(stage.platform.registry, 'signed-only', signed.versionId)
  expect(await fetchToken(stage.gateway.url, shop)).toMatch(/^ey/)
})

test('a client that names the resource gets a token of its form, for this resource alone (RFC 8707)', async () => {
  const { registry } = stage.platform
  const shop = await addPartner(registry, 'both', opaque.versionId)
  await createSubscription(registry, tester, shop.applicationId, { versionId: signed.versionId })
  const as = await discover(issuerOf(await fetchToken(stage.gateway.url, signed)))
  const ask = async (resource?: string) => {
    const client = { client_id: shop.clientId }
    const auth = oauth.ClientSecretBasic(shop.clientSecret)
    const parameters = new URLSearchParams(resource === undefined ? [] : [['resource', resource]])
    const insecure = { [oauth.allowInsecureRequests]: true }
    const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, insecure)
    return (await oauth.processClientCredentialsResponse(as, client, answer)).access_token
  }
  expect(await ask()).toMatch(/^pgt_live_/)
  expect(await ask(`${as.issuer}/plain/v1`)).toMatch(/^pgt_live_/)
  const token = await ask(`${as.issuer}/signed/v1`)
  expect(await validate(as, token, `${as.issuer}/signed/v1`)).toMatchObject({ aud: `${as.issuer}/signed/v1` })
  expect((await callWith(signed, token)).status).toBe(200)
  const elsewhere = await callWith(opaque, token)
  expect([elsewhere.status, elsewhere.headers['www-authenticate']]).toEqual([
    401,
    expect.stringContaining('error="invalid_token"'),
  ])
})
