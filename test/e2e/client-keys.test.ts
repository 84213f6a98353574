import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { createCredential } from '../../registry/credentials.ts'
import { CredentialInput } from '../../registry/model.ts'
import { createAuthority } from '../support/certificates.ts'
import { tester } from '../support/platform.ts'
import { type Stage, startStage } from '../support/stage.ts'

// A client names where its keys are; the gateway fetches them, if that is where it may go.

const authority = createAuthority('Authority of a closed network')
let keys: JWK[] = []
let asked = 0
let source: Server
let stage: Stage
let applicationId: string
let closed: Record<string, string>

beforeAll(async () => {
  source = createServer(authority.server(['127.0.0.1']), (_req, res) => {
    asked++
    res.end(JSON.stringify({ keys }))
  })
  source.listen(0, '127.0.0.1')
  await once(source, 'listening')
  const file = join(await mkdtemp(join(tmpdir(), 'ca-')), 'ca.pem')
  await writeFile(file, authority.cert)
  closed = { GATEWAY_OUTBOUND_CA: file, GATEWAY_THREADS: '1' }
  stage = await startStage({ ...closed, GATEWAY_OUTBOUND_NETWORKS: '127.0.0.0/8' })
  applicationId = (await stage.api('pay', { targets: [{ url: 'http://127.0.0.1:9' }] })).applicationId
}, 60_000)
afterAll(async () => {
  source?.close()
  await stage?.close()
})

async function newKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid } }
}

async function register(): Promise<string> {
  const jwksUri = `https://127.0.0.1:${(source.address() as AddressInfo).port}/jwks`
  const oauth = { authentication: 'private_key_jwt', jwksUri }
  const input = CredentialInput.parse({ kind: 'oauth-client', environment: 'live', oauth })
  const { credential } = await createCredential(stage.platform.registry, tester, applicationId, input)
  return credential.value.id
}

async function askToken(gateway: { url: string }, client: string, key: Awaited<ReturnType<typeof newKey>>) {
  const assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: key.jwk.kid })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(await issuerOf(gateway))
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key.privateKey)
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
  return (await fetch(`${gateway.url}/oauth2/token`, { method: 'POST', body })).status
}

async function issuerOf({ url }: { url: string }) {
  const answer = await fetch(`${url}/.well-known/oauth-authorization-server`)
  return ((await answer.json()) as { issuer: string }).issuer
}

test('a client proves itself by keys that it keeps elsewhere, fetched once for many requests', async () => {
  const key = await newKey('k1')
  keys = [key.jwk]
  const client = await register()
  for (let i = 0; i < 5; i++) expect(await askToken(stage.gateway, client, key)).toBe(200)
  expect(asked).toBe(1)
  expect(await askToken(stage.gateway, client, await newKey('k1'))).toBe(401)
})

test('keys in a network that the operator did not name are not fetched', async () => {
  const gateway = await stage.platform.gateway(closed)
  const key = await newKey('k1')
  keys = [key.jwk]
  const before = asked
  expect(await askToken(gateway, await register(), key)).toBe(401)
  expect(asked).toBe(before)
  expect(gateway.output()).toContain('not to be reached from here')
}, 30_000)
