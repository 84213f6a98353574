import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type * as oauth from 'oauth4webapi'
import { discover } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestServer } from '../support/oauth-servers/server.ts'

/** RFC 8414: what a client learns of the server before anything else. */

afterAll(endServers)

describe.each(servers('authorization_code'))('the metadata of %s', (_name, start) => {
  let server: TestServer
  let as: oauth.AuthorizationServer
  beforeAll(async () => {
    server = await start()
    as = await discover(server)
  })

  test('name every endpoint, at the issuer', () => {
    expect(as.issuer).toBe(server.issuer)
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'pushed_authorization_request_endpoint',
      'revocation_endpoint',
      'introspection_endpoint',
      'jwks_uri',
    ] as const)
      expect(as[name]).toMatch(new RegExp(`^${server.issuer}/`))
  })

  test('name no response type but code, and no grant that OAuth 2.1 has dropped', () => {
    expect(as.response_types_supported).toEqual(['code'])
    expect(as.grant_types_supported).toEqual(
      expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials']),
    )
    expect(as.grant_types_supported).not.toContain('password')
    expect(as.grant_types_supported).not.toContain('implicit')
  })

  test('name S256 and not plain', () => {
    expect(as.code_challenge_methods_supported).toEqual(['S256'])
  })

  test('name no algorithm without a signature or with a shared key for requests and proofs', () => {
    for (const name of [
      'token_endpoint_auth_signing_alg_values_supported',
      'request_object_signing_alg_values_supported',
      'dpop_signing_alg_values_supported',
    ] as const)
      for (const alg of (as[name] as string[] | undefined) ?? []) expect(alg).not.toMatch(/^(none|HS)/)
  })

  test('lead to public keys only', async () => {
    const { keys } = (await (await fetch(as.jwks_uri!)).json()) as { keys: Record<string, unknown>[] }
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret)
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  })
})
