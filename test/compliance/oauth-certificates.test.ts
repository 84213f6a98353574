import { createHash, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority, type Issued } from '../support/certificates.ts'
import {
  clientCredentials,
  discover,
  introspect,
  obtain,
  refresh,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestServer } from '../support/oauth-servers/server.ts'

/** RFC 8705: clients that prove themselves by a certificate, and tokens bound to one. */

afterAll(endServers)

const thumbprintOf = ({ cert }: Issued) =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

describe.each(servers('certificates'))('certificates at %s', (_name, start) => {
  const authority = createAuthority('Authority of the partners')
  const certificate = authority.client('shop')
  let server: TestServer
  beforeAll(async () => {
    server = await start(authority)
  })

  const shop = () =>
    server.register({
      authentication: 'tls_client_auth',
      certificateName: { subjectDn: 'CN=shop' },
      senderConstraint: 'certificate',
      certificate,
    })

  test('are in the metadata', async () => {
    expect(await discover(server)).toMatchObject({
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        'tls_client_auth',
        'self_signed_tls_client_auth',
      ]),
      tls_client_certificate_bound_access_tokens: true,
    })
  })

  test('of an authority prove a client by its name, and bind its token', async () => {
    const client = await shop()
    const token = await clientCredentials(server, client)
    expect(token.token_type).toBe('bearer') // RFC 8705 §3: the type stays
    expect(await introspect(server, client, token.access_token)).toMatchObject({
      active: true,
      cnf: { 'x5t#S256': thumbprintOf(certificate) },
    })
  })

  test('bind the tokens of a code', async () => {
    const client = await shop()
    const { tokens } = await obtain(server, client, { isPushed: true })
    const next = await refresh(server, client, tokens.refresh_token!)
    expect(await introspect(server, client, next.access_token)).toMatchObject({
      cnf: { 'x5t#S256': thumbprintOf(certificate) },
    })
  })

  test('of the same authority with another name prove nothing', async () => {
    const client = await shop()
    const stranger = { ...client, certificate: authority.client('other') }
    expect(await refusal(clientCredentials(server, stranger))).toMatch(/^invalid_client$|^401/)
  })

  test('of an authority that nobody trusts prove nothing', async () => {
    const client = await shop()
    const forged = createAuthority('Authority of the partners').client('shop')
    const attempt = clientCredentials(server, { ...client, certificate: forged })
    expect(await refusal(attempt)).toMatch(/^invalid_client$|^401/)
  })

  test('that are missing prove nothing', async () => {
    const client = await shop()
    const attempt = clientCredentials(server, { ...client, certificate: undefined })
    expect(await refusal(attempt)).toMatch(/^invalid_client$|^401/)
  })

  test('signed by themselves prove the client that registered them, and no other', async () => {
    const own = createAuthority('shop')
    const client = await server.register({
      authentication: 'self_signed_tls_client_auth',
      certificateThumbprints: [thumbprintOf(own)],
      senderConstraint: 'certificate',
      certificate: own,
    })
    const token = await clientCredentials(server, client)
    expect(await introspect(server, client, token.access_token)).toMatchObject({
      cnf: { 'x5t#S256': thumbprintOf(own) },
    })
    const stranger = { ...client, certificate: createAuthority('shop') }
    expect(await refusal(clientCredentials(server, stranger))).toMatch(/^invalid_client$|^401/)
  })
})
