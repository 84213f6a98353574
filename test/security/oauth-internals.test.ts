import { describe, expect, test } from '@jest/globals'
import { problem } from '../../registry/base/problem.ts'
import { authorizationServer, post, shop, wantsToken } from '../support/oauth.ts'
import { grantStage } from '../support/oauth-grants.ts'

const secretive = 'connect ECONNREFUSED 10.0.0.5:6379'
const storeAway = async (): Promise<never> => {
  throw problem('store-unavailable', { cause: new Error(secretive), note: secretive })
}
const broken = async (): Promise<never> => {
  throw new TypeError(secretive)
}

/** The library puts the message of whatever a model throws into the answer, and with it what is inside. */
describe('nothing of the inside is told', () => {
  test.each([
    ['look-up of the client', { findClientBySecret: storeAway }],
    ['making of the token', { issueToken: storeAway }],
    ['count of failures', { takeTokens: storeAway }],
  ])('when the store is away at the %s: 503 and when to come back', async (_where, deps) => {
    const server = authorizationServer(undefined, deps)
    const answer = await post(server.token, { ...wantsToken, ...shop })
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '1', 'Cache-Control': 'no-store' },
      json: { error: 'temporarily_unavailable' },
    })
    expect(answer.body).not.toMatch(/ECONN|10\.0|redis/i)
    expect(server.reports).toMatchObject([{ code: 'store-unavailable' }])
  })

  test.each([
    ['look-up of the client', { findClientBySecret: broken }],
    ['making of the token', { issueToken: broken }],
  ])(
    'when our own code fails at the %s: 500 without its message, which is reported',
    async (_where, deps) => {
      const server = authorizationServer(undefined, deps)
      const answer = await post(server.token, { ...wantsToken, ...shop })
      expect(answer).toMatchObject({ status: 500, json: { error: 'server_error' } })
      expect(answer.body).not.toContain('10.0')
      expect(server.reports).toHaveLength(1)
      expect(String((server.reports[0] as Error).message)).toContain('ECONNREFUSED')
    },
  )

  test('revocation and introspection keep silent, too', async () => {
    const server = authorizationServer(undefined, { findToken: storeAway })
    for (const endpoint of [server.revoke, server.introspect]) {
      expect(await post(endpoint, { ...shop, token: 'x' })).toMatchObject({ status: 503 })
    }
  })

  test('a token comes with the four members of the standard and no other', async () => {
    const { json, headers } = await post(authorizationServer().token, { ...wantsToken, ...shop })
    expect(Object.keys(json).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    expect(headers).toMatchObject({ 'Cache-Control': 'no-store', 'Content-Type': 'application/json' })
  })

  /** The library sends whatever a model gives back, the code itself included, when it may send more than four members. */
  test('tokens of a person come with those, the refresh token, and nothing of what was kept', async () => {
    const { codeFor, redeem, refresh } = grantStage()
    const first = await redeem(await codeFor())
    const members = ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']
    expect(Object.keys(first.json).sort()).toEqual(members)
    expect(Object.keys((await refresh(first.json.refresh_token as string)).json).sort()).toEqual(members)
  })

  test('descriptions hold only the characters that the standard allows', async () => {
    const server = authorizationServer()
    for (const form of [
      '',
      'grant_type=%00',
      { ...shop, grant_type: '"\\\u00e9' },
      { ...wantsToken, ...shop, scope: '"\\' },
    ]) {
      const { json } = await post(server.token, form)
      expect(json.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    }
  })
})
