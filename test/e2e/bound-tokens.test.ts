import { createHash, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createCredential } from '../../registry/credentials.ts'
import { CredentialInput } from '../../registry/model.ts'
import { type Authority, createAuthority, type Issued } from '../support/certificates.ts'
import { type DpopKey, newDpopKey } from '../support/dpop.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callHttp2, openHttp2 } from '../support/http2.ts'
import { tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { callTls, type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { call, openWire, startService } from '../support/wire.ts'

// Tokens that are of no use to a thief: bound to a key (RFC 9449) or to a certificate (RFC 8705), on every call.

const publicUrl = 'https://api.bank.example'
let tls: TlsFolder
let partners: Authority
let stage: Stage
let api: StagedApi
let other: GatewayProcess

beforeAll(async () => {
  tls = await tlsFolder()
  partners = createAuthority('Authority of partners')
  const file = join(tls.folder, 'partners.pem')
  await writeFile(file, partners.cert)
  const env = {
    ...tls.env,
    GATEWAY_PUBLIC_URL: publicUrl,
    GATEWAY_TLS_CLIENT_CERTIFICATE: 'request',
    GATEWAY_TLS_CLIENT_CA: file,
  }
  stage = await startStage(env)
  const service = stage.keep(
    await startService((req, res) => {
      req.resume()
      res.end(JSON.stringify(req.headers))
    }),
  )
  api = await stage.api('pay', { targets: [{ url: service.url }] })
  other = await stage.platform.gateway(env)
  await other.serves(api.snapshot)
}, 60_000)
afterAll(() => stage?.close())

async function client(oauth: object): Promise<{ clientId: string; secret: string }> {
  const input = CredentialInput.parse({ kind: 'oauth-client', environment: 'live', oauth })
  const { credential, secret } = await createCredential(
    stage.platform.registry,
    tester,
    api.applicationId,
    input,
  )
  return { clientId: credential.value.id, secret }
}

const formType = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a token that is bound to a key', () => {
  const key = newDpopKey()
  let token: string
  beforeAll(async () => {
    const { clientId, secret } = await client({ senderConstraint: 'dpop' })
    const answer = await call(`${stage.gateway.url}/oauth2/token`, {
      method: 'POST',
      headers: { ...formType, dpop: key.proof({ method: 'POST', url: `${publicUrl}/oauth2/token` }) },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
      }).toString(),
    })
    expect(answer.json()).toMatchObject({ token_type: 'DPoP' })
    token = answer.json().access_token as string
  })

  const proofOf = (by: DpopKey = key, wrong?: Parameters<DpopKey['proof']>[1]) =>
    by.proof({ method: 'GET', url: `${publicUrl}${api.path}/files`, accessToken: token }, wrong)
  const callAt = (gateway: GatewayProcess, dpop: string | undefined, scheme = 'DPoP') =>
    call(`${gateway.url}${api.path}/files?page=2`, {
      headers: { authorization: `${scheme} ${token}`, ...(dpop !== undefined && { dpop }) },
    })

  test('is taken with a proof, at each gateway; the service sees neither', async () => {
    for (const gateway of [stage.gateway, other, stage.gateway]) {
      const answer = await callAt(gateway, proofOf())
      expect(answer.status).toBe(200)
      expect(Object.keys(answer.json())).not.toContain('dpop')
      expect(Object.keys(answer.json())).not.toContain('authorization')
    }
  })

  test('is refused with a proof that another gateway, or another thread, has seen', async () => {
    const proof = proofOf()
    const first = await callAt(stage.gateway, proof)
    expect(first.status).toBe(200)
    for (const gateway of [other, stage.gateway, other, stage.gateway]) {
      const again = await callAt(gateway, proof)
      expect(again.status).toBe(401)
      expect(again.headers['www-authenticate']).toContain('error="invalid_dpop_proof"')
    }
  })

  test('of many who send one proof at the same time to two gateways one is served', async () => {
    const proof = proofOf()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => callAt(i % 2 ? stage.gateway : other, proof)),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array(49).fill(401)])
  })

  test('is refused to whoever stole it', async () => {
    for (const [dpop, scheme] of [
      [undefined, 'Bearer'],
      [undefined, 'DPoP'],
      [proofOf(newDpopKey()), 'DPoP'],
      [proofOf(), 'Bearer'],
      [proofOf(key, { claims: { htm: 'POST' } }), 'DPoP'],
    ] as const)
      expect((await callAt(stage.gateway, dpop, scheme)).status).toBe(401)
  })

  test('is checked over HTTP/2 as well', async () => {
    const session = await openHttp2(stage.gateway.tlsPort, tls)
    const send = (dpop: string) =>
      callHttp2(session, { ':path': `${api.path}/files`, authorization: `DPoP ${token}`, dpop })
    const proof = proofOf()
    expect((await send(proof)).status).toBe(200)
    expect((await send(proof)).status).toBe(401)
    expect((await send(proofOf(newDpopKey()))).status).toBe(401)
    session.close()
  })

  test('is refused with a word on where tokens are had, which is there', async () => {
    const refused = await callAt(stage.gateway, undefined, 'Bearer')
    const challenge = String(refused.headers['www-authenticate'])
    const address = /resource_metadata="([^"]+)"/.exec(challenge)?.[1]
    expect(address).toBe(`${publicUrl}/.well-known/oauth-protected-resource${api.path}`)
    const answer = await call(address!.replace(publicUrl, stage.gateway.url))
    expect(answer.json()).toMatchObject({
      resource: publicUrl + api.path,
      authorization_servers: [publicUrl],
      scopes_supported: expect.arrayContaining(['payments:write']),
      tls_client_certificate_bound_access_tokens: true,
    })
    const missing = await call(`${stage.gateway.url}/.well-known/oauth-protected-resource/nothing`)
    expect(missing.status).toBe(404)
  })

  test('is refused with two proofs, though both are good', async () => {
    const head = api.head(
      'GET',
      '/files',
      `Authorization: DPoP ${token}`,
      `DPoP: ${proofOf()}`,
      `DPoP: ${proofOf()}`,
    )
    const wire = openWire(stage.gateway.port)
    wire.say(head.replace(/x-api-key: [^\r]+\r\n/, ''))
    expect(await wire.hears(/HTTP\/1\.1 (\d+)/)).toContain('401')
    wire.close()
  })
})

describe('a token that is bound to a certificate', () => {
  const own = createAuthority('a shop') // self-signed
  const thumbprint = createHash('sha256').update(new X509Certificate(own.cert).raw).digest('base64url')
  const at = (port: number, certificate: Partial<Issued>, more: Parameters<typeof callTls>[2]) =>
    callTls(port, { ca: tls.authority.cert, ...certificate }, more)

  async function tokenOf(settings: object, certificate: Issued) {
    const { clientId } = await client({ ...settings, senderConstraint: 'certificate' })
    const answer = await at(stage.gateway.tlsPort, certificate, {
      path: '/oauth2/token',
      method: 'POST',
      headers: formType,
      body: `grant_type=client_credentials&client_id=${clientId}`,
    })
    expect(answer.json()).toMatchObject({ token_type: 'Bearer' })
    return answer.json().access_token as string
  }
  const use = (token: string, certificate: Partial<Issued>, gateway = stage.gateway) =>
    at(gateway.tlsPort, certificate, {
      path: `${api.path}/files`,
      headers: { authorization: `Bearer ${token}` },
    })

  test('that the client made itself is taken on connections with it, and on no others', async () => {
    const settings = { authentication: 'self_signed_tls_client_auth', certificateThumbprints: [thumbprint] }
    const token = await tokenOf(settings, own)
    const served = await use(token, own, other)
    expect(served.status).toBe(200)
    expect(Object.keys(served.json())).not.toContain('client-cert') // proved by nobody but its holder
    for (const certificate of [{}, createAuthority('a shop'), partners.client('a shop')]) {
      const refused = await use(token, certificate)
      expect(refused.status).toBe(401)
      expect(refused.headers['www-authenticate']).toContain('error="invalid_token"')
    }
    const inClear = await call(`${api.url}/files`, { headers: { authorization: `Bearer ${token}` } })
    expect(inClear.status).toBe(401)
  })

  test('is checked over HTTP/2 as well, where tokens are had, too', async () => {
    const settings = { authentication: 'self_signed_tls_client_auth', certificateThumbprints: [thumbprint] }
    const { clientId } = await client({ ...settings, senderConstraint: 'certificate' })
    const session = await openHttp2(stage.gateway.tlsPort, tls, own)
    const form = `grant_type=client_credentials&client_id=${clientId}`
    const given = await callHttp2(session, { ':method': 'POST', ':path': '/oauth2/token', ...formType }, form)
    const authorization = `Bearer ${given.json().access_token}`
    const files = { ':path': `${api.path}/files`, authorization }
    expect((await callHttp2(session, files)).status).toBe(200)
    session.close()
    const thief = await openHttp2(stage.gateway.tlsPort, tls, createAuthority('a shop'))
    expect((await callHttp2(thief, files)).status).toBe(401)
    thief.close()
  })

  test('of an authority is taken from who has it, and the service is told of it', async () => {
    const till = partners.client('till-1')
    const token = await tokenOf(
      { authentication: 'tls_client_auth', certificateName: { subjectDn: 'CN=till-1' } },
      till,
    )
    const served = await use(token, till)
    expect(served.status).toBe(200)
    expect(Object.keys(served.json())).toContain('client-cert')
    expect((await use(token, partners.client('till-1'))).status).toBe(401) // the same name, another certificate
  })

  test('is had where the metadata of a gateway that asks browsers for none say, for all gateways', async () => {
    const mtlsUrl = 'https://mtls.bank.example'
    const plain = await stage.platform.gateway({
      GATEWAY_PUBLIC_URL: publicUrl,
      GATEWAY_MTLS_URL: mtlsUrl,
    })
    await plain.serves(api.snapshot)
    const metadata = await call(`${plain.url}/.well-known/oauth-authorization-server`)
    const aliases = metadata.json().mtls_endpoint_aliases as Record<string, string>
    expect(metadata.json()).toMatchObject({
      issuer: publicUrl,
      tls_client_certificate_bound_access_tokens: true,
      token_endpoint_auth_methods_supported: expect.arrayContaining(['self_signed_tls_client_auth']),
    })
    const { clientId } = await client({
      authentication: 'self_signed_tls_client_auth',
      certificateThumbprints: [thumbprint],
      senderConstraint: 'certificate',
    })
    const given = await at(other.tlsPort, own, {
      path: aliases.token_endpoint!.replace(mtlsUrl, ''),
      method: 'POST',
      headers: formType,
      body: `grant_type=client_credentials&client_id=${clientId}`,
    })
    expect((await use(given.json().access_token as string, own)).status).toBe(200)
    const inClear = await call(`${plain.url}${api.path}/files`, {
      headers: { authorization: `Bearer ${given.json().access_token}` },
    })
    expect(inClear.status).toBe(401)
  })
})
