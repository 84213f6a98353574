import { describe, expect, test } from '@jest/globals'
import { newDpopKey } from '../support/dpop.ts'
import { grantStage } from '../support/oauth-grants.ts'

const refused = { status: 400, json: { error: 'invalid_grant' } }

/** The library forgets a refresh token when it has given the next: one that was stolen goes on living unseen. */
describe('a refresh token', () => {
  test('gives an access token of the same person, and its successor', async () => {
    const { tokens, refresh, server } = grantStage()
    const first = await tokens()
    const { status, json } = await refresh(first.refresh)
    expect([status, json.token_type, json.expires_in]).toEqual([200, 'Bearer', 600])
    expect(json.refresh_token).not.toBe(first.refresh)
    const { familyId } = server.tokens.get(first.access)!
    expect(server.tokens.get(json.access_token as string)).toMatchObject({ subject: 'person-1', familyId })
  })

  test('that comes again within ten seconds gives the same successor: an answer was lost', async () => {
    const { tokens, refresh, clock } = grantStage()
    const first = await tokens()
    const { json } = await refresh(first.refresh)
    clock.now += 10_000
    const again = await refresh(first.refresh)
    expect(again).toMatchObject({ status: 200, json: { refresh_token: json.refresh_token } })
    expect(await refresh(json.refresh_token as string)).toMatchObject({ status: 200 })
  })

  test('that comes again later ends the family', async () => {
    const { tokens, refresh, clock, isLive } = grantStage()
    const first = await tokens()
    const { json } = await refresh(first.refresh)
    clock.now += 10_001
    expect(await refresh(first.refresh)).toMatchObject(refused)
    expect(await refresh(json.refresh_token as string)).toMatchObject(refused)
    expect(await isLive(json.access_token as string)).toBe(false)
    expect(await isLive(first.access)).toBe(false)
  })

  test('that comes again when its successor was used ends the family, however soon', async () => {
    const { tokens, refresh, isLive } = grantStage()
    const first = await tokens()
    const { json } = await refresh(first.refresh)
    const next = await refresh(json.refresh_token as string)
    expect(await refresh(first.refresh)).toMatchObject(refused)
    expect(await isLive(next.json.access_token as string)).toBe(false)
  })

  test('that is sent 50 times at once has one successor, which works', async () => {
    const { tokens, refresh } = grantStage()
    const first = await tokens()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first.refresh)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const successors = [...new Set(answers.map(({ json }) => json.refresh_token as string))]
    expect(successors).toHaveLength(1)
    expect(await refresh(successors[0]!)).toMatchObject({ status: 200 })
  })

  test('leaves nothing in the store that tells it or its successor', async () => {
    const { tokens, refresh, server } = grantStage()
    const first = await tokens()
    const { json } = await refresh(first.refresh)
    // Keys stand for keyed hashes here; what counts is what is kept under them.
    const values = [...server.kept.values()].map((entry) => entry.json).join('\n')
    expect(values).toContain('sealedSuccessor')
    for (const secret of [first.refresh, json.refresh_token as string]) expect(values).not.toContain(secret)
  })

  test('stays the same for a client of profile fapi2, and may come again', async () => {
    const { tokens, refresh, clock } = grantStage({ settings: { profile: 'fapi2' } })
    const first = await tokens({}, newDpopKey())
    for (let i = 0; i < 3; i++) {
      clock.now += 60_000
      // The client is known by more than its key: it may change that.
      const { status, json } = await refresh(first.refresh, {}, newDpopKey())
      expect([status, 'refresh_token' in json]).toEqual([200, false])
    }
  })

  test('of a public client works with the key of its tokens only', async () => {
    const { tokens, refresh } = grantStage({ settings: { authentication: 'none' } })
    const key = newDpopKey()
    const first = await tokens({}, key)
    expect(await refresh(first.refresh)).toMatchObject(refused)
    expect(await refresh(first.refresh, { dpop_jkt: key.jkt })).toMatchObject(refused)
    expect(await refresh(first.refresh, {}, newDpopKey())).toMatchObject(refused)
    const { json } = await refresh(first.refresh, {}, key)
    expect(json.token_type).toBe('DPoP')
    expect(await refresh(json.refresh_token as string, {}, newDpopKey())).toMatchObject(refused)
    expect(await refresh(json.refresh_token as string, {}, key)).toMatchObject({ status: 200 })
  })

  test('is its own client’s only, and a stranger does not use it up', async () => {
    const { tokens, refresh } = grantStage()
    const first = await tokens()
    const other = { client_id: 'crd_other', client_secret: 'other-secret' }
    expect(await refresh(first.refresh, other)).toMatchObject(refused)
    expect(await refresh(first.refresh)).toMatchObject({ status: 200 })
  })

  test.each(['', 'x', 'pgr_live_00000000000000000000000000000000000000', '__proto__'])(
    '"%s" is none',
    async (token) => {
      const answer = await grantStage().refresh(token)
      expect(answer.status).toBe(400)
      expect(answer.json.error).toBe(token === '' ? 'invalid_request' : 'invalid_grant')
    },
  )

  test('ends with what the person has allowed, and access tokens do not outlive that', async () => {
    const { tokens, refresh, clock } = grantStage({ settings: { refreshLifetimeSeconds: 1_000 } })
    const first = await tokens()
    clock.now += 700_000
    const { json } = await refresh(first.refresh)
    expect(json.expires_in).toBe(300)
    clock.now += 300_000
    expect(await refresh(json.refresh_token as string)).toMatchObject(refused)
  })

  test('from before the client’s tokens were all ended is dead', async () => {
    const { tokens, refresh, change, clock } = grantStage()
    const first = await tokens()
    clock.now += 1
    change({ tokensNotBefore: clock.now })
    expect(await refresh(first.refresh)).toMatchObject(refused)
  })
})

/** The library does not look at the client's scopes here: what was taken from a client could be refreshed for ever. */
describe('scopes of a refreshed token', () => {
  test('are what the client may still have', async () => {
    const { tokens, refresh, change } = grantStage()
    const first = await tokens()
    change({ scopes: ['payments:write', 'accounts:read'] })
    expect(await refresh(first.refresh)).toMatchObject({ json: { scope: 'payments:write' } })
  })

  test.each(['accounts:read', 'payments:read accounts:read', 'admin'])(
    'cannot be widened to "%s", and the token is not used up by the try',
    async (scope) => {
      const { tokens, refresh, change } = grantStage()
      const first = await tokens()
      change({ scopes: ['payments:read', 'payments:write', 'accounts:read'] })
      expect(await refresh(first.refresh, { scope })).toMatchObject({
        status: 400,
        json: { error: 'invalid_scope' },
      })
      const { json } = await refresh(first.refresh)
      expect(await refresh(json.refresh_token as string)).toMatchObject({ status: 200 })
    },
  )

  test('can be narrowed for one token; the next may have all again', async () => {
    const { tokens, refresh } = grantStage()
    const first = await tokens()
    const { json } = await refresh(first.refresh, { scope: 'payments:read' })
    expect(json.scope).toBe('payments:read')
    expect(await refresh(json.refresh_token as string)).toMatchObject({
      json: { scope: 'payments:read payments:write' },
    })
  })
})

/** Two steps of the library without a link: dying between them must not lose the session. */
test('a store that goes away when the new tokens are made leaves the refresh token as it was', async () => {
  let isAway = false
  const stage = grantStage()
  const { issueToken } = stage.server.deps
  Object.assign(stage.server.deps, {
    issueToken: async (grant: Parameters<typeof issueToken>[0]) => {
      if (isAway) throw new Error('away')
      return issueToken(grant)
    },
  })
  const first = await stage.tokens()
  isAway = true
  expect(await stage.refresh(first.refresh)).toMatchObject({ status: 500 })
  isAway = false
  stage.clock.now += 600_000
  expect(await stage.refresh(first.refresh)).toMatchObject({ status: 200 })
})
