import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { createCredential } from '../../registry/credentials.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { revokeToken } from '../../registry/tokens.ts'
import { createAuthority, type Issued } from '../support/certificates.ts'
import { type DpopKey, newDpopKey } from '../support/dpop.ts'
import { fetchWith } from '../support/oauth-servers/fetch-with.ts'
import { tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { callTls, type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { startService } from '../support/wire.ts'

/** The gateway as a resource server: RFC 6750, RFC 8705 §3, RFC 9449 §7; FAPI 2.0 §5.3.4, R1 to R5 of docs/fapi-2.md. */

let tls: TlsFolder
let stage: Stage
let api: StagedApi
const reached: string[] = []
const partners = createAuthority('Authority of partners')

beforeAll(async () => {
  tls = await tlsFolder()
  const file = join(tls.folder, 'partners.pem')
  await writeFile(file, partners.cert)
  stage = await startStage({
    ...tls.env,
    GATEWAY_TLS_CLIENT_CA: file,
    GATEWAY_TLS_CLIENT_CERTIFICATE: 'request',
  })
  const service = await startService((req, res) => {
    reached.push(`${req.method} ${req.url} ${req.headers.authorization ?? ''} ${req.headers.dpop ?? ''}`)
    req.resume()
    res.end('{"is":"served"}')
  })
  api = await stage.api('pay', { targets: [{ url: stage.keep(service).url }] })
}, 60_000)
afterAll(() => stage?.close())

interface Bound {
  readonly id: string
  readonly secret: string
}

async function client(settings: Partial<ClientSettings> = {}, scopes?: string[]): Promise<Bound> {
  const { credential, secret } = await createCredential(stage.platform.registry, tester, api.applicationId, {
    kind: 'oauth-client',
    environment: 'live',
    scopes: scopes ?? null,
    oauth: ClientSettings.parse(settings),
  })
  return { id: credential.value.id, secret }
}

const tokenEndpoint = () => `${stage.gateway.url}/oauth2/token`
const basic = ({ id, secret }: Bound) => `Basic ${btoa(`${id}:${secret}`)}`

async function tokenOf(of: Bound, key?: DpopKey): Promise<string> {
  // The address as callers see it: the test's gateway names itself by its clear port.
  const url = `${publicUrl()}/oauth2/token`
  const answer = await fetch(tokenEndpoint(), {
    method: 'POST',
    body: 'grant_type=client_credentials',
    headers: {
      authorization: basic(of),
      'content-type': 'application/x-www-form-urlencoded',
      ...(key && { dpop: key.proof({ method: 'POST', url }) }),
    },
  })
  const body = (await answer.json()) as { access_token: string }
  if (answer.status !== 200) throw new Error(JSON.stringify(body))
  return body.access_token
}

const publicUrl = () => `http://localhost:${stage.gateway.port}`
const path = () => `${api.path}/accounts/1/balance`

interface Called {
  readonly status: number
  readonly challenge: string
}

/** By hand, so that headers may come twice; and whether the service was reached. */
function call(
  headers: Record<string, string | string[]>,
  at = path(),
  method = 'GET',
  body = '',
): Promise<Called> {
  return new Promise((resolve, reject) => {
    const req = request(stage.gateway.url + at, { method, headers })
    req.on('error', reject)
    req.on('response', (res) => {
      res.resume()
      res.on('end', () =>
        resolve({ status: res.statusCode!, challenge: String(res.headers['www-authenticate'] ?? '') }),
      )
    })
    req.end(body)
  })
}

async function refused(attempt: Promise<Called>, status: number, error?: string) {
  const before = reached.length
  const answer = await attempt
  expect(answer.status).toBe(status)
  if (error) expect(answer.challenge).toContain(`error="${error}"`)
  expect(reached).toHaveLength(before)
  return answer
}

describe('a bearer token', () => {
  test('is taken from the header, under any case of its scheme, and not handed on', async () => {
    const token = await tokenOf(await client())
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect(await call({ authorization: `${scheme} ${token}` })).toMatchObject({ status: 200 })
    expect(reached.at(-1)).not.toContain(token)
  })

  test('R2: is not taken from the query or a form (RFC 6750 §2.3)', async () => {
    const token = await tokenOf(await client())
    await refused(call({}, `${path()}?access_token=${token}`), 401)
    await refused(
      call(
        { 'content-type': 'application/x-www-form-urlencoded' },
        `${api.path}/payment`,
        'POST',
        `access_token=${token}`,
      ),
      401,
    )
  })

  test('R1: is not taken twice, nor beside another', async () => {
    const token = await tokenOf(await client())
    const answer = await call({ authorization: [`Bearer ${token}`, `Bearer ${token}`] })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  test('R3: is refused when it is made up, altered, or revoked, with no word on which of them', async () => {
    const token = await tokenOf(await client())
    expect(await call({ authorization: `Bearer ${token}` })).toMatchObject({ status: 200 })
    const last = token.at(-1) === 'A' ? 'B' : 'A'
    const answers = [
      await refused(call({ authorization: 'Bearer made-up' }), 401, 'invalid_token'),
      await refused(call({ authorization: `Bearer ${token.slice(0, -1)}${last}` }), 401, 'invalid_token'),
    ]
    await revokeToken(stage.platform.registry, token)
    await until(async () => (await call({ authorization: `Bearer ${token}` })).status === 401)
    answers.push(await refused(call({ authorization: `Bearer ${token}` }), 401, 'invalid_token'))
    expect(new Set(answers.map(({ challenge }) => challenge)).size).toBe(1)
  })

  test('R4: is refused where its scope does not suffice, with the scope that would (RFC 6750 §3.1)', async () => {
    const token = await tokenOf(await client({}, ['accounts:read']))
    expect(await call({ authorization: `Bearer ${token}` })).toMatchObject({ status: 200 })
    const answer = await refused(
      call({ authorization: `Bearer ${token}` }, `${api.path}/payment`, 'POST'),
      403,
      'insufficient_scope',
    )
    expect(answer.challenge).toContain('scope="payments:write"')
  })

  test('a call without any is told how to prove itself, and of no error (RFC 6750 §3.1)', async () => {
    const answer = await refused(call({}), 401)
    expect(answer.challenge).toMatch(/Bearer realm=/)
    expect(answer.challenge).not.toContain('error=')
  })
})

describe('a token that is bound to a key (R5)', () => {
  let key: DpopKey
  let token: string
  beforeAll(async () => {
    key = newDpopKey()
    token = await tokenOf(await client({ senderConstraint: 'dpop' }), key)
  })

  const url = () => publicUrl() + path()
  const honest = (wrong?: Parameters<DpopKey['proof']>[1], by = key) =>
    by.proof({ method: 'GET', url: url(), accessToken: token }, wrong)

  test('is taken with a proof of its key, each proof once', async () => {
    const proof = honest()
    expect(await call({ authorization: `DPoP ${token}`, dpop: proof })).toMatchObject({ status: 200 })
    expect(reached.at(-1)).not.toContain(token)
    expect(reached.at(-1)).not.toContain(proof)
    await refused(call({ authorization: `DPoP ${token}`, dpop: proof }), 401, 'invalid_dpop_proof')
  })

  test('is taken from a real client', async () => {
    const meta: oauth.Client = { client_id: 'any' }
    const keys = await oauth.generateKeyPair('ES256')
    const dpop = oauth.DPoP(meta, keys)
    const bound = await client({ senderConstraint: 'dpop' })
    const as = { issuer: publicUrl(), token_endpoint: `${publicUrl()}/oauth2/token` }
    const options = { [oauth.allowInsecureRequests]: true, DPoP: dpop }
    const answer = await oauth.clientCredentialsGrantRequest(
      as,
      { client_id: bound.id },
      oauth.ClientSecretBasic(bound.secret),
      {},
      options,
    )
    const { access_token } = await oauth.processClientCredentialsResponse(as, meta, answer)
    const served = await oauth.protectedResourceRequest(
      access_token,
      'GET',
      new URL(url()),
      undefined,
      undefined,
      options,
    )
    expect(served.status).toBe(200)
  })

  test('is worth nothing as a bearer token, with or without a proof', async () => {
    await refused(call({ authorization: `Bearer ${token}` }), 401, 'invalid_token')
    await refused(call({ authorization: `Bearer ${token}`, dpop: honest() }), 401, 'invalid_token')
  })

  test('a bearer token is worth nothing under the scheme DPoP', async () => {
    const bearer = await tokenOf(await client())
    const proof = key.proof({ method: 'GET', url: url(), accessToken: bearer })
    await refused(call({ authorization: `DPoP ${bearer}`, dpop: proof }), 401, 'invalid_token')
  })

  const now = () => Math.floor(Date.now() / 1000)
  test.each<[string, () => string | string[]]>([
    ['another key', () => honest({}, newDpopKey())],
    ['another method', () => honest({ claims: { htm: 'POST' } })],
    ['another address', () => honest({ claims: { htu: `${publicUrl()}/pay/v1/payment` } })],
    ['another host', () => honest({ claims: { htu: `http://attacker.example${path()}` } })],
    ['another token', () => honest({ claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } })],
    ['no token', () => honest({ claims: { ath: undefined } })],
    ['a time long past', () => honest({ claims: { iat: now() - 3_600 } })],
    ['a time far ahead', () => honest({ claims: { iat: now() + 75 } })],
    ['no time', () => honest({ claims: { iat: undefined } })],
    ['no identifier', () => honest({ claims: { jti: undefined } })],
    ['another type', () => honest({ header: { typ: 'JWT' } })],
    ['no algorithm', () => honest({ header: { alg: 'none' } })],
    ['a symmetric algorithm', () => honest({ header: { alg: 'HS256' } })],
    ['a private key in its header', () => honest({ header: { jwk: { ...key.jwk, d: 'AAAA' } } })],
    ['its signature cut off', () => honest().replace(/\.[^.]*$/, '.')],
    ['another proof beside it', () => [honest(), honest()]],
  ])('is refused with a proof of %s', async (_what, proof) => {
    await refused(call({ authorization: `DPoP ${token}`, dpop: proof() }), 401, 'invalid_dpop_proof')
  })

  test('is refused without a proof', async () => {
    await refused(call({ authorization: `DPoP ${token}` }), 401, 'invalid_dpop_proof')
  })
})

describe('a token that is bound to a certificate (R5)', () => {
  let certificate: Issued
  let token: string
  beforeAll(async () => {
    certificate = partners.client('till')
    const bound = await client({ senderConstraint: 'certificate' })
    const send = fetchWith(tls.authority.cert, certificate, 'gateway.test')
    const answer = await send(`https://127.0.0.1:${stage.gateway.tlsPort}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      headers: { authorization: basic(bound) },
    })
    token = ((await answer.json()) as { access_token: string }).access_token
    expect(token).toEqual(expect.any(String))
  })

  const callWith = (own: Issued | undefined) =>
    callTls(
      stage.gateway.tlsPort,
      { ca: tls.authority.cert, ...own },
      { path: path(), headers: { authorization: `Bearer ${token}` } },
    )

  test('is taken over a connection with that certificate', async () => {
    expect((await callWith(certificate)).status).toBe(200)
  })

  test('is refused over one with another, with none, and without TLS', async () => {
    const before = reached.length
    expect((await callWith(partners.client('till'))).status).toBe(401)
    expect((await callWith(undefined)).status).toBe(401)
    await refused(call({ authorization: `Bearer ${token}` }), 401, 'invalid_token')
    expect(reached).toHaveLength(before)
  })
})
