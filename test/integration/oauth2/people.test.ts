import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as openid from 'openid-client'
import { createDemoSource } from '../../../policies/oauth2/people/index.ts'
import { listAudit } from '../../../registry/audit.ts'
import { createCredential } from '../../../registry/credentials.ts'
import { endAuthorization, endTokensOfClient } from '../../../registry/live-tokens.ts'
import { ClientSettings } from '../../../registry/oauth-model.ts'
import { openFamily } from '../../../registry/token-families.ts'
import { challengeOf, verifier } from '../../support/authorization-request.ts'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { ada, beginInteraction, browser, lin } from '../../support/people.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let party: Awaited<ReturnType<typeof registerParty>>
let count = 0
/** How far the clock of the server is ahead, in ms. */
let ahead = 0

beforeAll(async () => {
  registry = { ...(await testRegistry()), now: () => Date.now() + ahead }
  server = await startAuthorizationServer(registry, undefined, { source: createDemoSource() })
})
afterEach(() => {
  ahead = 0
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

const payment = {
  type: 'payment_initiation' as const,
  instructedAmount: { currency: 'EUR', amount: '1250.00' },
  creditorName: 'Marigold Books',
  creditorAccount: { iban: 'DE02120300000000202051' },
  remittanceInformationUnstructured: 'Order 2026-1187',
}

/** A browser before the page of a new request of a new client. */
async function arrive(more: Parameters<typeof beginInteraction>[2] = {}, visitor = browser(server.issuer)) {
  party = await registerParty(registry, `party-${++count}`)
  const path = await beginInteraction(registry, visitor, {
    clientId: party.clientId,
    environment: 'sandbox',
    ...more,
  })
  return { visitor, path, page: await visitor.get(path) }
}

const ofParty = () => ({ clientId: party.clientId, environment: 'sandbox' as const })

async function signedIn(more: Parameters<typeof arrive>[0] = {}) {
  const { visitor, path, page } = await arrive(more)
  const answer = await visitor.submit(page, 'sign-in', ada)
  expect(answer).toMatchObject({ status: 303, location: `${path}?lang=en` })
  return { visitor, path, page: await visitor.get(path) }
}

/** A confidential client for the code grant. */
async function registerCodeClient() {
  const { applicationId } = await registerParty(registry, `coded-${++count}`)
  const { credential, secret } = await createCredential(registry, { id: 'test' }, applicationId, {
    kind: 'oauth-client',
    environment: 'sandbox',
    oauth: ClientSettings.parse({
      grants: ['authorization_code', 'refresh_token'],
      redirectUris: ['https://shop.example/back'],
      authorizationDetailsTypes: ['payment_initiation'],
    }),
  })
  return { clientId: credential.value.id, secret, applicationId }
}

const authorizePath = (clientId: string, more: Record<string, string> = {}) =>
  `/oauth2/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'https://shop.example/back',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    state: 'state-1',
    scope: 'payments:read',
    ...more,
  })}`

describe('signing in and deciding', () => {
  test('leads from the sign-in over the question to the client with a code', async () => {
    const { visitor, page } = await signedIn({ authorizationDetails: [payment] })
    expect(page.body).toContain('€1,250.00')
    expect(page.body).toContain('DE02 1203 0000 0000 2020 51')
    expect(page.body).toContain('Order 2026-1187')
    expect(page.body).toContain('shop.example')
    expect(page.body).toContain('Signed in as Ada Lovelace')
    const answer = await visitor.submit(page, 'decide', { decision: 'allow' })
    expect(answer.status).toBe(303)
    const back = new URL(answer.location)
    expect(back.origin + back.pathname).toBe('https://shop.example/back')
    expect(back.searchParams.get('code')).toBeTruthy()
    expect(back.searchParams.get('state')).toBe('state-1')
    expect(back.searchParams.get('iss')).toBe(server.issuer)
  })

  test('refusing tells the client, and the page is over', async () => {
    const { visitor, path, page } = await signedIn()
    const answer = await visitor.submit(page, 'decide', { decision: 'refuse' })
    expect(new URL(answer.location).searchParams.get('error')).toBe('access_denied')
    expect(await visitor.get(path)).toMatchObject({ status: 400 })
  })

  test('the sign-in can be cancelled', async () => {
    const { visitor, page } = await arrive()
    const answer = await visitor.submit(page, 'cancel')
    expect(new URL(answer.location).searchParams.get('error')).toBe('access_denied')
  })

  test('a wrong password is told, with what was typed as a name and without the password', async () => {
    const { visitor, page } = await arrive()
    const answer = await visitor.submit(page, 'sign-in', { username: 'ada', password: 'guess-guess' })
    expect(answer.status).toBe(422)
    expect(answer.body).toContain('The user name or the password is not right.')
    expect(answer.body).toContain('value="ada"')
    expect(answer.body).not.toContain('guess-guess')
  })

  test('says which field is empty', async () => {
    const { visitor, page } = await arrive()
    const answer = await visitor.submit(page, 'sign-in', { username: '', password: '' })
    expect(answer.body).toContain('<a href="#username">Enter your user name.</a>')
    expect(answer.body).toContain('aria-describedby="password-error"')
  })

  test('a second factor is asked for where the person has one', async () => {
    const { visitor, path, page } = await arrive()
    expect(await visitor.submit(page, 'sign-in', lin)).toMatchObject({ status: 303 })
    const codePage = await visitor.get(path)
    expect(codePage.body).toContain('Confirm that it is you')
    expect(visitor.cookies.has('session')).toBe(false)
    const wrong = await visitor.submit(codePage, 'code', { code: '1' })
    expect(wrong).toMatchObject({ status: 422 })
    expect(await visitor.submit(wrong, 'code', { code: '42 42 42' })).toMatchObject({ status: 303 })
    expect((await visitor.get(path)).body).toContain('Signed in as 林徽因')
  })

  test('a code cannot be guessed for ever: after five the sign-in begins anew', async () => {
    const { visitor, path, page } = await arrive()
    await visitor.submit(page, 'sign-in', lin)
    let answer = await visitor.get(path)
    for (let i = 0; i < 5; i++) answer = await visitor.submit(answer, 'code', { code: String(i) })
    expect(answer.body).toContain('The code has run out')
    expect(answer.body).toContain('name="password"')
  })

  test('speaks the language that the client asks for, and the one that is chosen before that', async () => {
    const { visitor, path, page } = await arrive({ uiLocales: ['fr', 'zh-Hans'] })
    expect(page.body).toContain('<html lang="zh-CN">')
    const english = await visitor.get(`${path}?lang=en`)
    expect(english.body).toContain('<html lang="en">')
    const answer = await visitor.submit(english, 'sign-in', ada)
    expect(answer.location).toBe(`${path}?lang=en`)
  })

  test('a request that is older than the browser remembers has ended', async () => {
    const visitor = browser(server.issuer)
    const answer = await visitor.get(`/oauth2/interaction/${'x'.repeat(43)}`)
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('This page has ended')
  })

  test('without people there is no code grant: the client is told, and the metadata do not name it', async () => {
    const bare = await startAuthorizationServer(registry, undefined, { source: undefined })
    const { clientId } = await registerCodeClient()
    const answer = await browser(bare.issuer).get(authorizePath(clientId))
    expect(new URL(answer.location).searchParams.get('error')).toBe('unsupported_response_type')
    const metadata = await fetch(`${bare.issuer}/.well-known/oauth-authorization-server`)
    const json = (await metadata.json()) as Record<string, unknown>
    expect(json).not.toHaveProperty('authorization_endpoint')
    expect(json.grant_types_supported).not.toContain('authorization_code')
    const { page } = await arrive({}, browser(bare.issuer))
    expect(page.body).toContain('Signing in is not set up here')
    await bare.close()
  })
})

describe('a session', () => {
  test('spares the next sign-in, but not a request that asks for one', async () => {
    const { visitor } = await signedIn()
    const another = await arrive({}, visitor)
    expect(another.page.body).toContain('Signed in as Ada Lovelace')
    const again = await arrive({ prompt: ['login'] }, visitor)
    expect(again.page.body).toContain('name="password"')
    expect(await visitor.submit(again.page, 'sign-in', ada)).toMatchObject({ status: 303 })
    expect((await visitor.get(again.path)).body).toContain('Signed in as Ada Lovelace')
  })

  test('is not fresh enough for a max_age that has passed', async () => {
    const { visitor } = await signedIn()
    ahead = 61_000
    expect((await arrive({ maxAgeSeconds: 60 }, visitor)).page.body).toContain('name="password"')
    expect((await arrive({ maxAgeSeconds: 3_600 }, visitor)).page.body).toContain('Signed in as')
  })

  test('ends after its longest time, whatever happens in it', async () => {
    const { visitor } = await signedIn()
    ahead = 28_801_000
    expect((await arrive({}, visitor)).page.body).toContain('name="password"')
  })

  test('can be left for another account', async () => {
    const { visitor, path, page } = await signedIn()
    const answer = await visitor.submit(page, 'other-account')
    expect(answer).toMatchObject({ status: 303, location: `${path}?other=1&lang=en` })
    expect((await visitor.get(answer.location)).body).toContain('name="password"')
  })

  test('is ended by signing out, also for who kept the cookie', async () => {
    const { visitor } = await signedIn()
    const thief = browser(server.issuer)
    thief.cookies.set('session', visitor.cookies.get('session')!)
    const account = await visitor.get('/oauth2/account')
    expect(await visitor.submit(account, 'sign-out')).toMatchObject({ status: 303 })
    expect((await thief.get('/oauth2/account')).body).toContain('You are signed out')
  })
})

describe('what is remembered', () => {
  const again = (visitor: ReturnType<typeof browser>, more = {}) =>
    beginInteraction(registry, visitor, { clientId: party.clientId, environment: 'sandbox', ...more })

  test('scopes that were allowed are not asked for again, and more of them are', async () => {
    const { visitor, page } = await signedIn({ scopes: ['payments:read'] })
    expect(page.body).toContain('remembered for 90 days')
    await visitor.submit(page, 'decide', { decision: 'allow' })
    const silent = await visitor.get(await again(visitor, { scopes: ['payments:read'] }))
    expect(silent.status).toBe(303)
    expect(new URL(silent.location).searchParams.get('code')).toBeTruthy()
    expect(await visitor.get(await again(visitor))).toMatchObject({ status: 200 })
    const forced = await again(visitor, { scopes: ['payments:read'], prompt: ['consent'] })
    expect(await visitor.get(forced)).toMatchObject({ status: 200 })
  })

  test('a payment is asked for every time', async () => {
    const details = { authorizationDetails: [payment], scopes: [] }
    const { visitor, page } = await signedIn(details)
    await visitor.submit(page, 'decide', { decision: 'allow' })
    expect(await visitor.get(await again(visitor, details))).toMatchObject({ status: 200 })
  })

  test('a later refusal takes it back', async () => {
    const { visitor, page } = await signedIn({ scopes: ['payments:read'] })
    await visitor.submit(page, 'decide', { decision: 'allow' })
    const asked = await visitor.get(await again(visitor))
    await visitor.submit(asked, 'decide', { decision: 'refuse' })
    expect(await visitor.get(await again(visitor, { scopes: ['payments:read'] }))).toMatchObject({
      status: 200,
    })
  })
})

describe('when an admin ends all that a client has', () => {
  test('what was remembered is asked again, and a page from before is over', async () => {
    const { visitor, page } = await signedIn({ scopes: ['payments:read'] })
    await visitor.submit(page, 'decide', { decision: 'allow' })
    const begin = () =>
      beginInteraction(registry, visitor, {
        ...{ clientId: party.clientId, environment: 'sandbox', scopes: ['payments:read'] },
      })
    const before = await begin()
    await endTokensOfClient(registry, { id: 'admin' }, party.clientId)
    expect(await visitor.get(before)).toMatchObject({ status: 400 })
    ahead = 5
    const after = await visitor.get(await begin())
    expect(after).toMatchObject({ status: 200 })
    expect(after.body).toContain('Signed in as Ada Lovelace')
  })

  test('a page whose redirect URI was taken from the client is over', async () => {
    const { page } = await arrive({ redirectUri: 'https://shop.example/elsewhere' })
    expect(page).toMatchObject({ status: 400 })
  })
})

describe('the audit', () => {
  const entries = async () => (await listAudit(registry, { subject: party.clientId })).items

  test('names who signed in, allowed and took back by a pseudonym, and tells no more of them', async () => {
    const { visitor, page } = await signedIn({ scopes: ['payments:read'], authorizationDetails: [payment] })
    await visitor.submit(page, 'decide', { decision: 'allow' })
    const again = await beginInteraction(registry, visitor, {
      ...{ clientId: party.clientId, environment: 'sandbox', prompt: ['consent'] },
    })
    await visitor.submit(await visitor.get(again), 'decide', { decision: 'refuse' })
    const found = (await entries()).filter(({ noun }) => noun !== 'credential')
    const actor = expect.stringMatching(/^person_[\w-]{22}$/)
    expect(found).toEqual([
      expect.objectContaining({ actor, action: 'refuse', noun: 'authorization' }),
      expect.objectContaining({
        ...{ actor, action: 'allow', noun: 'authorization', before: null },
        after: { scopes: ['payments:read'], payments: 1 },
      }),
      expect.objectContaining({
        ...{ actor, action: 'succeed', noun: 'sign-in', after: { by: 'password' } },
      }),
    ])
    expect(new Set(found.map((one) => one.actor)).size).toBe(1)
    const text = JSON.stringify(found)
    for (const told of ['demo-ada', 'Ada', '1250', 'Marigold', 'DE02', '127.0.0.1', '::1'])
      expect(text).not.toContain(told)
  })

  test('tells when there were too many failures, under a keyed name', async () => {
    const { visitor, page } = await arrive()
    for (let i = 0; i < 10; i++)
      await visitor.submit(page, 'sign-in', { username: `edith-${count}`, password: 'x' })
    const { items } = await listAudit(registry, { noun: 'sign-in', limit: 1 })
    expect(items[0]).toMatchObject({
      ...{ actor: 'authorization-server', action: 'hold', subject: expect.stringMatching(/^account-/) },
    })
    expect(JSON.stringify(items)).not.toContain('edith')
  })

  test('of an authorization that an admin ends says whose and how many payments, and not more', async () => {
    const { applicationId, clientId: credentialId } = await registerParty(registry, `party-${++count}`)
    const family = await openFamily(registry, {
      ...{ credentialId, applicationId, partnerId: party.partnerId, environment: 'sandbox' },
      ...{ subject: 'demo-ada', scopes: [], resources: [], authorizationDetails: [payment] },
      ...{ authenticatedAt: 1, expiresAt: Date.now() + 60_000 },
    })
    await endAuthorization(registry, { id: 'admin' }, applicationId, family.id)
    const { items } = await listAudit(registry, { subject: family.id })
    expect(items[0]!.before).toMatchObject({ payments: 1, person: expect.stringMatching(/^person_/) })
    for (const told of ['demo-ada', '1250', 'Marigold', 'DE02'])
      expect(JSON.stringify(items)).not.toContain(told)
  })
})

describe('second factors', () => {
  test('are asked for a few times only by who knows the password, and by who confirms one as often as they like', async () => {
    let sent = 0
    const counting = await startAuthorizationServer(registry, undefined, {
      source: {
        kind: 'password',
        async signIn({ password }) {
          if (password !== 'right') return { outcome: 'refused' }
          sent++
          return { outcome: 'challenge', prompt: 'Code?', state: 'secret state' }
        },
        confirm: async ({ code }) =>
          code === '1'
            ? { outcome: 'signed-in', subject: 'grete', displayName: 'Grete Hermann' }
            : { outcome: 'refused' },
      },
    })
    const visitor = browser(counting.issuer)
    const begin = async () =>
      visitor.get(await beginInteraction(registry, visitor, { ...ofParty(), prompt: ['login'] }))
    const ask = async () => visitor.submit(await begin(), 'sign-in', { username: 'grete', password: 'right' })
    party = await registerParty(registry, `party-${++count}`)
    const everything = async () => {
      const keys = await registry.redis.keys('*once*')
      return (await Promise.all(keys.map((key) => registry.redis.get(key)))).join()
    }
    for (let i = 0; i < 5; i++) {
      const codePage = await visitor.get((await ask()).location)
      expect(await everything()).not.toContain('secret state')
      expect(await visitor.submit(codePage, 'code', { code: '1' })).toMatchObject({ status: 303 })
    }
    expect(await everything()).not.toContain('Grete')
    for (let i = 0; i < 8; i++) expect((await ask()).status).toBe(303)
    const held = await ask()
    expect([held.status, sent]).toEqual([429, 13])
    expect(held.body).toContain('Too many attempts')
    const wrong = { username: 'grete', password: 'wrong' }
    const other = browser(counting.issuer)
    const path = await beginInteraction(registry, other, ofParty())
    expect((await other.submit(await other.get(path), 'sign-in', wrong)).status).toBe(422)
    await counting.close()
  })
})

describe('many tries at the same moment', () => {
  test('no more than ten reach who knows the password', async () => {
    let asked = 0
    const counting = await startAuthorizationServer(registry, undefined, {
      source: {
        kind: 'password',
        async signIn() {
          asked++
          return { outcome: 'refused' }
        },
        confirm: async () => ({ outcome: 'refused' }),
      },
    })
    const { visitor, page } = await arrive({}, browser(counting.issuer))
    const guess = () => visitor.submit(page, 'sign-in', { username: 'grace', password: 'x' })
    const answers = await Promise.all(Array.from({ length: 50 }, guess))
    expect(asked).toBe(10)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40)
    const held = await guess()
    expect(held.status).toBe(429)
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(29 * 60)
    expect(held.body).toContain('Too many attempts')
    await counting.close()
  })
})

describe('the whole dance, with openid-client', () => {
  const clientOf = async (id: string, secret: string) =>
    openid.discovery(new URL(server.issuer), id, undefined, openid.ClientSecretBasic(secret), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    })

  test('a payment is allowed, becomes a token, is seen by the person and taken back', async () => {
    const { clientId, secret } = await registerCodeClient()
    const config = await clientOf(clientId, secret)
    const codeVerifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: 'https://shop.example/back',
      scope: 'payments:read',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      authorization_details: JSON.stringify([payment]),
      ui_locales: 'zh-CN',
    })
    const visitor = browser(server.issuer)
    const start = await visitor.get(url.href)
    const signIn = await visitor.get(start.location)
    expect(signIn.body).toContain('<html lang="zh-CN">')
    const signedIn = await visitor.submit(signIn, 'sign-in', ada)
    const question = await visitor.get(signedIn.location)
    expect(question.body).toContain('允许付款 €1,250.00')
    const answer = await visitor.submit(question, 'decide', { decision: 'allow' })
    const tokens = await openid.authorizationCodeGrant(config, new URL(answer.location), {
      pkceCodeVerifier: codeVerifier,
      expectedState: state,
    })
    const told = await openid.tokenIntrospection(config, tokens.access_token)
    expect(told).toMatchObject({ active: true, sub: 'demo-ada', scope: 'payments:read' })

    const account = await visitor.get('/oauth2/account?lang=en')
    expect(account.body).toContain('Till')
    expect(account.body).toContain('One payment')
    const back = await visitor.submit(account, 'take-back', { client: clientId })
    expect((await visitor.get(back.location)).body).toContain('It was taken back')
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
    const gone = openid.refreshTokenGrant(config, tokens.refresh_token!)
    await expect(gone).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a code that is out when the person takes it back opens nothing', async () => {
    const { clientId, secret } = await registerCodeClient()
    const config = await clientOf(clientId, secret)
    const visitor = browser(server.issuer)
    const start = await visitor.get(authorizePath(clientId))
    const signedIn = await visitor.submit(await visitor.get(start.location), 'sign-in', ada)
    const allow = async (path: string) =>
      visitor.submit(await visitor.get(path), 'decide', { decision: 'allow' })
    const redeem = ({ location }: { location: string }) =>
      openid.authorizationCodeGrant(config, new URL(location), {
        pkceCodeVerifier: verifier,
        expectedState: 'state-1',
      })
    await redeem(await allow(signedIn.location))
    const again = await visitor.get(authorizePath(clientId, { prompt: 'consent' }))
    const out = await allow(again.location)
    const account = await visitor.get('/oauth2/account?lang=en')
    await visitor.submit(account, 'take-back', { client: clientId })
    await expect(redeem(out)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await visitor.get('/oauth2/account?lang=en')).body).not.toContain('take-back')
  })

  test('without a page: a code for what was allowed before, and else the reason', async () => {
    const { clientId } = await registerCodeClient()
    const visitor = browser(server.issuer)
    const silently = async (more = {}) => {
      const { location } = await visitor.get(authorizePath(clientId, { prompt: 'none', ...more }))
      const said = new URL(location).searchParams
      return said.get('error') ?? (said.has('code') && 'code')
    }
    expect(await silently()).toBe('login_required')
    const start = await visitor.get(authorizePath(clientId))
    const signedIn = await visitor.submit(await visitor.get(start.location), 'sign-in', ada)
    expect(await silently()).toBe('consent_required')
    await visitor.submit(await visitor.get(signedIn.location), 'decide', { decision: 'allow' })
    expect(await silently()).toBe('code')
    expect(await silently({ scope: 'payments:read payments:write' })).toBe('consent_required')
    expect(await silently({ authorization_details: JSON.stringify([payment]) })).toBe('consent_required')
    ahead = 61_000
    expect(await silently({ max_age: '60' })).toBe('login_required')
  })

  test('a redirect URI that cannot be trusted is told to the person, and to nobody else', async () => {
    const { clientId } = await registerCodeClient()
    const path = authorizePath(clientId, { redirect_uri: 'https://evil.example/back' })
    const answer = await browser(server.issuer).get(path, { accept: 'text/html' })
    expect(answer).toMatchObject({ status: 400, location: '' })
    expect(answer.body).toContain('This request cannot be trusted')
    expect(answer.body).not.toContain('evil.example')
  })
})
