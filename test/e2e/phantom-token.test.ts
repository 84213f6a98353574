import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createSigningKey } from '../../registry/signing-keys.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { fetchToken } from '../support/oauth-token.ts'
import { tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { call } from '../support/wire.ts'

let stage: Stage
let echo: Echo
let api: StagedApi
beforeAll(async () => {
  stage = await startStage()
  echo = stage.keep(await startEcho())
  await createSigningKey(stage.platform.registry, tester, { algorithm: 'ES256', signsFrom: 0 })
  api = await stage.api('phantom', { targets: [{ url: echo.url }], policies: { 'phantom-token': {} } })
}, 60_000)
afterAll(() => stage?.close())

const keys = () => createRemoteJWKSet(new URL(`${stage.gateway.url}/oauth2/jwks`))

async function seenFor(headers: Record<string, string>): Promise<string> {
  const answer = await call(`${api.url}/accounts/1/balance`, { headers })
  expect(answer.status).toBe(200)
  const { headers: got } = answer.json() as unknown as { headers: string[] }
  const all = got.flatMap((name, i) =>
    i % 2 === 0 && name.toLowerCase() === 'authorization' ? [got[i + 1]!] : [],
  )
  expect(all).toHaveLength(1)
  return all[0]!.replace(/^Bearer /, '')
}

test('a service checks by itself who calls, with a key or with a token, and never sees either', async () => {
  const opaque = await fetchToken(stage.gateway.url, api)
  const byKey = await seenFor({ 'x-api-key': api.key })
  const byToken = await seenFor({ authorization: `Bearer ${opaque}` })
  for (const [token, clientId] of [
    [byKey, api.keyId],
    [byToken, api.clientId],
  ] as const) {
    expect(token).not.toContain(opaque)
    const { payload } = await jwtVerify(token, keys(), { audience: 'phantom-service' })
    expect(payload).toMatchObject({
      sub: api.applicationId,
      client_id: clientId,
      application_id: api.applicationId,
      partner_id: api.partnerId,
      environment: 'live',
    })
    expect(payload.exp! - payload.iat!).toBe(60)
  }
})

test('what a service was told is no token for the gateway', async () => {
  const told = await seenFor({ 'x-api-key': api.key })
  const headers = { authorization: `Bearer ${told}` }
  expect((await call(`${api.url}/accounts/1/balance`, { headers })).status).toBe(401)
})
