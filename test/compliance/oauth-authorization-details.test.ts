import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  ask,
  decide,
  discover,
  introspect,
  obtain,
  redeem,
  refresh,
  refusal,
} from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import type { TestClient, TestServer } from '../support/oauth-servers/server.ts'

/** RFC 9396: what a person allows is one payment, not all payments. */

afterAll(endServers)

describe.each(servers('authorization_details'))('authorization_details at %s', (_name, start) => {
  let server: TestServer
  let client: TestClient
  beforeAll(async () => {
    server = await start()
    client = await server.register({ authorizationDetailsTypes: ['payment_initiation'] })
  })

  const payment = {
    type: 'payment_initiation',
    instructedAmount: { currency: 'EUR', amount: '123.50' },
    creditorName: 'Merchant A',
    creditorAccount: { iban: 'DE02100100109307118603' },
  }
  const wanting = (details: unknown) => ({
    isPushed: true,
    parameters: { authorization_details: typeof details === 'string' ? details : JSON.stringify(details) },
  })

  test('of the known types are in the metadata', async () => {
    expect((await discover(server)).authorization_details_types_supported).toEqual(['payment_initiation'])
  })

  test('that were allowed come with the token, with its refreshment, and when it is asked about', async () => {
    const { tokens } = await obtain(server, client, wanting([payment]))
    expect(tokens.authorization_details).toMatchObject([payment])
    expect(await introspect(server, client, tokens.access_token)).toMatchObject({
      active: true,
      authorization_details: [payment],
    })
    const next = await refresh(server, client, tokens.refresh_token!)
    expect(await introspect(server, client, next.access_token)).toMatchObject({
      authorization_details: [payment],
    })
  })

  test('are taken by the authorization endpoint itself as well', async () => {
    const asked = await ask(server, client, { ...wanting([payment]), isPushed: false })
    const tokens = await redeem(server, client, asked, await decide(server, client, asked))
    expect(tokens.authorization_details).toMatchObject([payment])
  })

  test.each<[string, unknown]>([
    ['that are no JSON', 'payment'],
    ['that are no list', payment],
    ['of an unknown type', [{ ...payment, type: 'account_information' }]],
    ['without a type', [{ ...payment, type: undefined }]],
    ['with a field that the type does not have', [{ ...payment, urgent: true }]],
    ['without what the type needs', [{ ...payment, instructedAmount: undefined }]],
  ])('%s are refused', async (_what, details) => {
    expect(await refusal(ask(server, client, wanting(details)))).toBe('invalid_authorization_details')
  })

  test('of a type that the client may not use are refused', async () => {
    const other = await server.register()
    expect(await refusal(ask(server, other, wanting([payment])))).toBe('invalid_authorization_details')
  })
})
