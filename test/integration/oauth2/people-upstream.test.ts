import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createUpstreamLogin } from '../../../gateway/people/upstream-login.ts'
import type { ElsewhereSource } from '../../../policies/oauth2/people/index.ts'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { openBrowser } from '../../support/oauth-servers/browser.ts'
import { beginInteraction, browser } from '../../support/people.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { startUpstreamProvider } from '../../support/upstream-provider.ts'

let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let party: Awaited<ReturnType<typeof registerParty>>
let upstream: Awaited<ReturnType<typeof startUpstreamProvider>>
let acrValues: string | undefined

beforeAll(async () => {
  registry = await testRegistry()
  upstream = await startUpstreamProvider()
  // Made once we know our own address.
  let made: ElsewhereSource | undefined
  const source = () =>
    (made ??= createUpstreamLogin({
      issuer: upstream.issuer,
      clientId: 'gateway',
      clientSecret: 'a secret of the gateway',
      scope: 'openid profile',
      get acrValues() {
        return acrValues
      },
      redirectUri: `${server.issuer}/oauth2/upstream-login`,
      timeoutMs: 5_000,
    }))
  server = await startAuthorizationServer(registry, undefined, {
    source: {
      kind: 'elsewhere',
      begin: (wish) => source().begin(wish),
      complete: (query, kept) => source().complete(query, kept),
    },
  })
  upstream.register(`${server.issuer}/oauth2/upstream-login`, 'a secret of the gateway')
  party = await registerParty(registry, 'shop')
})
afterEach(() => {
  upstream.said.refuses = false
  upstream.said.asked.length = 0
  acrValues = undefined
})
afterAll(async () => {
  await server?.close()
  await upstream?.close()
  await registry?.close()
  await stopSharedRedis()
})

/** A browser that stands before a request, and is sent to the provider. */
async function setOut(more = {}, visitor = browser(server.issuer)) {
  const path = await beginInteraction(registry, visitor, {
    clientId: party.clientId,
    environment: 'sandbox',
    ...more,
  })
  const sent = await visitor.get(path)
  return { visitor, path, sent }
}

/** What the person does at the provider. @returns path and query with which the browser comes back */
async function atUpstream(location: string, there = openBrowser()) {
  const { left, body } = await there.go(new URL(location))
  if (!left) throw new Error(body)
  expect(left.origin).toBe(server.issuer)
  return left.pathname + left.search
}

describe('signing in at an upstream provider', () => {
  test('leads there and back to the question, with the name that the provider gives', async () => {
    const { visitor, path, sent } = await setOut({ loginHint: 'ada@bank.example', uiLocales: ['zh'] })
    expect(sent.status).toBe(303)
    const asked = new URL(sent.location)
    expect(asked.origin).toBe(upstream.issuer)
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'gateway',
      code_challenge_method: 'S256',
      login_hint: 'ada@bank.example',
      ui_locales: 'zh-CN',
      nonce: expect.any(String),
      state: expect.any(String),
    })
    const back = await visitor.get(await atUpstream(sent.location))
    expect(back).toMatchObject({ status: 303, location: path })
    const page = await visitor.get(path)
    expect(page.body).toContain('Ada of Upstream')
    const answer = await visitor.submit(page, 'decide', { decision: 'allow' })
    expect(new URL(answer.location).searchParams.get('code')).toBeTruthy()
  })

  test('a request for a fresh sign-in is handed on', async () => {
    const there = openBrowser()
    const first = await setOut()
    await first.visitor.get(await atUpstream(first.sent.location, there))
    const again = await setOut({ prompt: ['login', 'consent'] }, first.visitor)
    const asked = new URL(again.sent.location).searchParams
    expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0'])
    const back = await again.visitor.get(await atUpstream(again.sent.location, there))
    expect(back).toMatchObject({ location: again.path })
    expect((await again.visitor.get(again.path)).body).toContain('Ada of Upstream')
  })

  test('a person who is not signed in there is told, and may try again', async () => {
    const { visitor, path, sent } = await setOut()
    upstream.said.refuses = true
    const back = await visitor.get(await atUpstream(sent.location))
    expect(back.location).toBe(`${path}?failed=1`)
    const page = await visitor.get(back.location)
    expect(page.body).toContain('You were not signed in there')
    expect(page.body).toContain(`href="${path}"`)
    const refused = await visitor.submit(page, 'cancel')
    expect(new URL(refused.location).searchParams.get('error')).toBe('access_denied')
  })

  test('an answer is taken once, and from the browser that set out only', async () => {
    const { visitor, sent } = await setOut()
    const back = await atUpstream(sent.location)
    const stranger = (await setOut()).visitor
    expect((await stranger.get(back)).status).toBe(400)
    expect((await visitor.get(back)).status).toBe(400) // the stranger has used it up, and nobody is signed in
    expect(stranger.cookies.has('session')).toBe(false)
    expect(visitor.cookies.has('session')).toBe(false)
  })

  test('a state that we never gave leads nowhere', async () => {
    const { visitor } = await setOut()
    for (const query of ['', '?state=x', '?code=y&state=', '?state=x&state=y'])
      expect((await visitor.get(`/oauth2/upstream-login${query}`)).status).toBe(400)
  })

  test('a sign-in in another way than was asked for is not taken', async () => {
    acrValues = 'urn:bank:stronger'
    const { visitor, path, sent } = await setOut()
    const back = await visitor.get(await atUpstream(sent.location))
    expect(back.location).toBe(`${path}?failed=1`)
    acrValues = 'urn:bank:weak urn:bank:strong'
    const again = await setOut()
    const well = await again.visitor.get(await atUpstream(again.sent.location))
    expect(well.location).toBe(again.path)
  })

  test('a code that was swapped for another is not taken', async () => {
    const [mine, other] = [await setOut(), await setOut()]
    const back = new URLSearchParams((await atUpstream(mine.sent.location)).split('?')[1])
    const stolen = new URLSearchParams((await atUpstream(other.sent.location)).split('?')[1])
    back.set('code', stolen.get('code')!)
    const answer = await mine.visitor.get(`/oauth2/upstream-login?${back}`)
    expect(answer.location).toBe(`${mine.path}?failed=1`)
    expect(mine.visitor.cookies.has('session')).toBe(false)
  })

  test('neither codes nor tokens of the provider are logged', async () => {
    const { visitor, sent } = await setOut()
    const back = await atUpstream(sent.location)
    const code = new URLSearchParams(back.split('?')[1]).get('code')!
    await visitor.get(`${back}&iss=https://evil.example`)
    expect(server.logged.join('')).not.toContain(code)
  })
})
