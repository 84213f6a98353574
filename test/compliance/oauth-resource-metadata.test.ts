import { afterAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { endServers, servers } from '../support/oauth-servers/index.ts'

/** RFC 9728: where a client starts that knows no more than the address of an API. oidc-provider has none of it. */

afterAll(endServers)

describe.each(servers('resource_metadata'))('the metadata of a resource at %s', (_name, start) => {
  test('say how it is called, and lead to the authorization server', async () => {
    const server = await start()
    const resource = new URL(server.resource)
    const response = await oauth.resourceDiscoveryRequest(resource, server.options())
    const found = await oauth.processResourceDiscoveryResponse(resource, response)
    expect(found).toMatchObject({
      resource: server.resource,
      authorization_servers: [server.issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    })
    expect(found.scopes_supported).toEqual(expect.arrayContaining(['payments:read', 'payments:write']))
    const issuer = new URL(found.authorization_servers![0]!)
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...server.options() })
    expect(await oauth.processDiscoveryResponse(issuer, answer)).toMatchObject({ issuer: server.issuer })
  })
})
