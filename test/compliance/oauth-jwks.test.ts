import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { createSigner, createSigningKey } from '../../registry/signing-keys.ts'
import { startAuthorizationServer } from '../support/oauth-platform.ts'
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

test('RFC 8414 §2, RFC 7517 §5: the metadata names the keys, and a client verifies with them what we sign', async () => {
  for (const [i, algorithm] of (['PS256', 'EdDSA', 'ES256'] as const).entries())
    await createSigningKey(registry, { id: 'test' }, { algorithm, signsFrom: i })
  const discovered = await oauth.discoveryRequest(new URL(server.issuer), {
    algorithm: 'oauth2',
    [oauth.allowInsecureRequests]: true,
  })
  const metadata = await oauth.processDiscoveryResponse(new URL(server.issuer), discovered)
  expect(metadata.jwks_uri).toBe(`${server.issuer}/oauth2/jwks`)
  const answer = await fetch(metadata.jwks_uri!)
  expect(answer.headers.get('content-type')).toContain('application/jwk-set+json')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
  const { keys } = (await answer.json()) as { keys: Record<string, unknown>[] }
  expect(keys.map(({ alg, use }) => [alg, use])).toEqual([
    ['PS256', 'sig'],
    ['EdDSA', 'sig'],
    ['ES256', 'sig'],
  ])
  for (const key of keys)
    for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(part)
  const token = await createSigner(registry).sign({ sub: 'me' }, { typ: 'at+jwt' })
  const read = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri!)), { typ: 'at+jwt' })
  expect(read.protectedHeader.alg).toBe('ES256')
})
