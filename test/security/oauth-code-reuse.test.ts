import { describe, expect, test } from '@jest/globals'
import { newDpopKey } from '../support/dpop.ts'
import { grantStage } from '../support/oauth-grants.ts'

const refused = { status: 400, json: { error: 'invalid_grant' } }

/** The library takes a code away and knows nothing of it afterwards: a stolen one that comes late goes unnoticed. */
describe('a code', () => {
  test('gives what was allowed, once', async () => {
    const { codeFor, redeem, server } = grantStage()
    const answer = await redeem(await codeFor())
    expect(answer).toMatchObject({
      status: 200,
      json: {
        access_token: 'token-1',
        token_type: 'Bearer',
        expires_in: 600,
        scope: 'payments:read payments:write',
        refresh_token: expect.stringMatching(/^pgr_live_/),
      },
    })
    expect(server.tokens.get('token-1')).toMatchObject({ subject: 'person-1', authenticatedAt: 900_000 })
  })

  test('that comes a second time is refused, and ends all that came of it', async () => {
    const { codeFor, redeem, refresh, isLive } = grantStage()
    const code = await codeFor()
    const { json } = await redeem(code)
    expect(await isLive(json.access_token as string)).toBe(true)
    expect(await redeem(code)).toMatchObject(refused)
    expect(await isLive(json.access_token as string)).toBe(false)
    expect(await refresh(json.refresh_token as string)).toMatchObject(refused)
  })

  test('that comes again when its minute has passed ends them as well', async () => {
    const { codeFor, redeem, refresh, clock, isLive } = grantStage()
    const code = await codeFor()
    const { json } = await redeem(code)
    clock.now += 3_600_000
    const later = await refresh(json.refresh_token as string)
    expect(await redeem(code)).toMatchObject(refused)
    expect(await isLive(later.json.access_token as string)).toBe(false)
  })

  test('that another client sends after its own ends them, too', async () => {
    const { codeFor, redeem, isLive } = grantStage()
    const code = await codeFor()
    const { json } = await redeem(code)
    const other = { client_id: 'crd_other', client_secret: 'other-secret' }
    expect(await redeem(code, other)).toMatchObject(refused)
    expect(await isLive(json.access_token as string)).toBe(false)
  })

  test('that came 50 times at once was given once, and what it gave is dead', async () => {
    const { codeFor, redeem, isLive } = grantStage()
    const code = await codeFor()
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(code)))
    const given = answers.filter(({ status }) => status === 200)
    expect(given).toHaveLength(1)
    expect(await isLive(given[0]!.json.access_token as string)).toBe(false)
  })

  test('is worth nothing after a minute', async () => {
    const { codeFor, redeem, clock } = grantStage()
    const [one, two] = [await codeFor(), await codeFor()]
    clock.now += 59_999
    expect(await redeem(one)).toMatchObject({ status: 200 })
    clock.now += 1
    expect(await redeem(two)).toMatchObject(refused)
  })

  test('is its own client’s only', async () => {
    const { codeFor, redeem, server } = grantStage()
    const other = { client_id: 'crd_other', client_secret: 'other-secret' }
    expect(await redeem(await codeFor(), other)).toMatchObject(refused)
    expect(server.tokens.size).toBe(0)
  })

  test('is not burnt by who cannot prove to be its client', async () => {
    const { codeFor, redeem } = grantStage()
    const code = await codeFor()
    expect(await redeem(code, { client_secret: 'guess' })).toMatchObject({ status: 401 })
    expect(await redeem(code)).toMatchObject({ status: 200 })
  })

  test('from before the client’s tokens were all ended gives none', async () => {
    const { codeFor, redeem, change } = grantStage()
    const code = await codeFor()
    change({ tokensNotBefore: 1_000_000 })
    expect(await redeem(code)).toMatchObject(refused)
  })

  /** The library calls this invalid_request; RFC 6749 §5.2 has a name for it. */
  test.each([
    'https://shop.example/back/',
    'https://shop.example/back?x=1',
    'https://SHOP.example/back',
    'https://evil.example/back',
    'back',
    '',
  ])('with the redirect_uri "%s" in place of its own is refused', async (redirect_uri) => {
    const { codeFor, redeem } = grantStage()
    expect(await redeem(await codeFor(), { redirect_uri })).toMatchObject(refused)
  })

  test('bound to a DPoP key is worth nothing without it', async () => {
    const { codeFor, redeem, server } = grantStage()
    const key = newDpopKey()
    const bound = () => codeFor({ dpopJkt: key.jkt })
    expect(await redeem(await bound())).toMatchObject(refused)
    expect(await redeem(await bound(), { dpop_jkt: key.jkt })).toMatchObject(refused)
    expect(await redeem(await bound(), {}, newDpopKey())).toMatchObject(refused)
    expect(await redeem(await bound(), {}, key)).toMatchObject({ json: { token_type: 'DPoP' } })
    expect([...server.tokens.values()]).toMatchObject([{ confirmation: { jkt: key.jkt } }])
  })

  test('gives no scope that the client may not have any more', async () => {
    const { codeFor, redeem, change } = grantStage()
    const code = await codeFor()
    change({ scopes: ['payments:read'] })
    expect(await redeem(code)).toMatchObject({ json: { scope: 'payments:read' } })
  })

  test('comes with a refresh token only for a client that may use one', async () => {
    const { codeFor, redeem } = grantStage({ settings: { grants: ['authorization_code'] } })
    const { status, json } = await redeem(await codeFor())
    expect([status, 'refresh_token' in json]).toEqual([200, false])
  })
})
