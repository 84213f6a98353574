import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { TokenGrant } from '../../registry/model.ts'
import { newDpopKey } from '../support/dpop.ts'
import { authorizationServer, issuer, post, shop, wantsToken } from '../support/oauth.ts'

// Proofs at the token endpoint that are not what they say. Those of calls: test/unit/policies/authenticate-bound.test.ts
// and test/e2e/bound-tokens.test.ts.

const url = `${issuer}/oauth2/token`
const now = 1_700_000_000_000
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = newDpopKey(pair)
type Wrong = Parameters<typeof key.proof>[1]
const proof = (wrong?: Wrong) => key.proof({ method: 'POST', url, now }, wrong)

let server: ReturnType<typeof authorizationServer>
beforeEach(() => {
  server = authorizationServer(undefined, { now: () => now })
})
const send = (dpop: string, more: Record<string, string> = {}) =>
  post(server.token, { ...wantsToken, ...shop, ...more }, { headers: { dpop } })

test('an honest proof binds the token to its key', async () => {
  expect(await send(proof())).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
  const [grant] = server.tokens.values()
  expect(TokenGrant.parse(grant).confirmation).toEqual({ jkt: key.jkt })
})

describe('no token is given for a proof', () => {
  test.each<[string, Wrong]>([
    ['that is signed with nothing', { header: { alg: 'none' } }],
    ['that says its public key is a secret', { header: { alg: 'HS256' } }],
    ['that shows a private key', { header: { jwk: pair.privateKey.export({ format: 'jwk' }) } }],
    ['that shows the key of another', { header: { jwk: newDpopKey().jwk } }],
    ['that is an assertion', { header: { typ: 'JWT' } }],
    ['for another method', { claims: { htm: 'GET' } }],
    ['for another endpoint', { claims: { htu: `${issuer}/oauth2/par` } }],
    ['for another server', { claims: { htu: 'https://evil.example/oauth2/token' } }],
    ['of the time to come', { claims: { iat: now / 1000 + 61 } }],
    ['of the past', { claims: { iat: now / 1000 - 61 } }],
    ['without a name', { claims: { jti: undefined } }],
  ])('%s', async (_what, wrong) => {
    expect(await send(proof(wrong))).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
    expect(server.tokens.size).toBe(0)
  })

  test('that came before', async () => {
    const same = proof()
    expect(await send(same)).toMatchObject({ status: 200 })
    expect(await send(same)).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
  })

  test('that stands beside another', async () => {
    const both = [proof(), proof()]
    const answer = await server.token({
      method: 'POST',
      path: '/oauth2/token',
      query: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded', dpop: both.join(', ') },
      rawHeaders: both.flatMap((one) => ['DPoP', one]),
      rawBody: new URLSearchParams({ ...wantsToken, ...shop }).toString(),
      ip: '192.0.2.7',
      clientCertificate: undefined,
    })
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('invalid_dpop_proof') })
  })

  test('of a client that has not proved itself: its secret is asked for first, and the proof stays good', async () => {
    const same = proof()
    expect(await send(same, { client_secret: 'guess' })).toMatchObject({ json: { error: 'invalid_client' } })
    expect(await send(same)).toMatchObject({ status: 200 })
  })

  test('that is only named', async () => {
    await post(server.token, { ...wantsToken, ...shop, dpop_jkt: key.jkt })
    for (const grant of server.tokens.values()) expect(grant.confirmation).toBeNull()
  })
})

test('a nonce is asked for where it must be, and comes with each answer', async () => {
  server = authorizationServer(undefined, { now: () => now, isDpopNonceRequired: true })
  const without = await send(proof())
  const nonce = server.deps.dpop.nonce()
  expect(without).toMatchObject({
    status: 400,
    json: { error: 'use_dpop_nonce' },
    headers: { 'DPoP-Nonce': nonce },
  })
  const answer = await send(key.proof({ method: 'POST', url, now, nonce }))
  expect(answer).toMatchObject({ status: 200, headers: { 'DPoP-Nonce': nonce } })
})
