import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDemoSource } from '../../policies/oauth2/people/index.ts'
import { registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { ada, beginInteraction, browser, formOf } from '../support/people.ts'
import { stopSharedRedis, testRegistry } from '../support/redis.ts'

let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let party: Awaited<ReturnType<typeof registerParty>>

beforeAll(async () => {
  registry = await testRegistry()
  server = await startAuthorizationServer(registry, undefined, { source: createDemoSource() })
  party = await registerParty(registry, 'shop')
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

async function arrive(visitor = browser(server.issuer), more = {}) {
  const path = await beginInteraction(registry, visitor, {
    clientId: party.clientId,
    environment: 'sandbox',
    prompt: ['consent'],
    ...more,
  })
  return { visitor, path, page: await visitor.get(path) }
}

async function signedIn() {
  const arrived = await arrive()
  await arrived.visitor.submit(arrived.page, 'sign-in', ada)
  return { ...arrived, page: await arrived.visitor.get(arrived.path) }
}

const isAnswered = ({ location }: { location: string }) => location.startsWith('https://shop.example/')

describe('a forged form', () => {
  test.each([
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbour of our host', { 'sec-fetch-site': 'same-site' }],
    ['typed by nobody', { 'sec-fetch-site': 'none' }],
  ])('%s is not taken, even with the right proof', async (_whose, headers) => {
    const { visitor, page } = await signedIn()
    const form = formOf(page.body, 'decide')
    const answer = await visitor.post(form.action, { ...form.hidden, decision: 'allow' }, headers)
    expect(answer.status).toBe(403)
    expect(isAnswered(answer)).toBe(false)
  })

  test('is told by its Origin where a browser says nothing else', async () => {
    const { path, visitor, page } = await signedIn()
    const form = formOf(page.body, 'decide')
    const sent = (origin: string) =>
      fetch(`${server.issuer}${form.action}`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ ...form.hidden, decision: 'allow' }),
        headers: { cookie: [...visitor.cookies].map(([n, v]) => `${n}=${v}`).join('; '), origin },
      })
    expect(await sent('https://evil.example')).toMatchObject({ status: 403 })
    expect((await visitor.get(path)).status).toBe(200)
    expect(await sent(server.issuer)).toMatchObject({ status: 303 })
  })

  test.each([
    ['no proof', () => ({})],
    ['a made-up proof', () => ({ csrf: 'x'.repeat(43) })],
    ['a longer one', (hidden: Record<string, string>) => ({ csrf: `${hidden.csrf}x` })],
  ])('with %s decides nothing', async (_what, proof) => {
    const { visitor, page } = await signedIn()
    const { action, hidden } = formOf(page.body, 'decide')
    const answer = await visitor.post(action, { step: 'decide', decision: 'allow', ...proof(hidden) })
    expect(answer.status).toBe(409)
    expect(isAnswered(answer)).toBe(false)
  })

  test('with the proof of another page, or of before the sign-in, decides nothing', async () => {
    const first = await arrive()
    const early = formOf(first.page.body, 'sign-in').hidden.csrf!
    await first.visitor.submit(first.page, 'sign-in', ada)
    const second = await arrive(first.visitor)
    const other = formOf(second.page.body, 'decide').hidden.csrf!
    for (const csrf of [early, other]) {
      const answer = await first.visitor.post(first.path, { step: 'decide', decision: 'allow', csrf })
      expect(answer.status).toBe(409)
    }
  })

  test('in two readings is not read at all', async () => {
    const { visitor, page } = await signedIn()
    const { action, hidden } = formOf(page.body, 'decide')
    const body = `${new URLSearchParams(hidden)}&decision=refuse&decision=allow`
    const answer = await fetch(`${server.issuer}${action}`, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie: [...visitor.cookies].map(([n, v]) => `${n}=${v}`).join('; '),
      },
    })
    expect(answer.status).toBe(400)
  })
})

describe('somebody else’s page', () => {
  test('a link that is sent to another browser leads nowhere', async () => {
    const { path } = await arrive()
    const stranger = browser(server.issuer)
    expect((await stranger.get(path)).body).toContain('This page has ended')
    await arrive(stranger) // with a cookie of its own it is another browser all the same
    expect((await stranger.get(path)).body).toContain('This page has ended')
  })

  test('a session that was put there before is not the one that is signed in', async () => {
    const planted = 'A'.repeat(43)
    const { visitor, page } = await arrive()
    visitor.cookies.set('session', planted)
    const fresh = await visitor.get(formOf(page.body, 'sign-in').action)
    await visitor.submit(fresh, 'sign-in', ada)
    expect(visitor.cookies.get('session')).not.toBe(planted)
    const attacker = browser(server.issuer)
    attacker.cookies.set('session', planted)
    expect((await attacker.get('/oauth2/account')).body).toContain('You are signed out')
  })

  test('a session of before ends with the sign-in that follows it', async () => {
    const { visitor } = await signedIn()
    const before = browser(server.issuer)
    before.cookies.set('session', visitor.cookies.get('session')!)
    const { page } = await arrive(visitor, { prompt: ['login'] })
    await visitor.submit(page, 'sign-in', ada)
    expect((await before.get('/oauth2/account')).body).toContain('You are signed out')
  })

  test('a cookie that comes twice is none', async () => {
    const { visitor } = await signedIn()
    const cookie = `session=${visitor.cookies.get('session')}; session=${'B'.repeat(43)}`
    const answer = await fetch(`${server.issuer}/oauth2/account`, { headers: { cookie } })
    expect(await answer.text()).toContain('You are signed out')
  })
})

describe('a form that is sent again', () => {
  test('answers once, of 20 at the same moment', async () => {
    const { visitor, page } = await signedIn()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => visitor.submit(page, 'decide', { decision: 'allow' })),
    )
    expect(answers.filter(isAnswered)).toHaveLength(1)
    expect(isAnswered(await visitor.submit(page, 'decide', { decision: 'allow' }))).toBe(false)
  })

  test('cannot turn a refusal into leave', async () => {
    const { visitor, page } = await signedIn()
    await visitor.submit(page, 'decide', { decision: 'refuse' })
    expect(isAnswered(await visitor.submit(page, 'decide', { decision: 'allow' }))).toBe(false)
  })
})

describe('where the pages lead', () => {
  test('no parameter of the browser says where', async () => {
    const { visitor, path, page } = await signedIn()
    const evil = new URLSearchParams({ redirect_uri: 'https://evil.example', next: '//evil.example' })
    expect((await visitor.get(`${path}?${evil}`)).body).not.toContain('evil.example')
    const answer = await visitor.submit(page, 'decide', {
      decision: 'allow',
      redirect_uri: 'https://evil.example',
      client_id: 'other',
      scope: 'payments:write admin',
    })
    expect(isAnswered(answer)).toBe(true)
  })

  test('a language that is none is put nowhere', async () => {
    const { visitor, path } = await signedIn()
    const answer = await visitor.get(`${path}?lang=${encodeURIComponent('"><script>')}`)
    expect(answer.body).not.toContain('<script')
    expect(answer.body).toContain('<html lang="en">')
  })

  test('every answer is a 303 or a page that cannot be framed, kept or read by other sites', async () => {
    const { visitor, path, page } = await signedIn()
    const answers = [
      page,
      await visitor.get('/oauth2/account'),
      await visitor.get('/oauth2/interaction/none'),
      await visitor.get('/oauth2/upstream-login?state=x'),
      await visitor.post(path, { step: 'decide' }, { origin: 'https://evil.example' }),
      await visitor.submit(page, 'other-account'),
    ]
    for (const { status, headers } of answers) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('access-control-allow-origin')).toBeNull()
      if (status === 303) continue
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    }
  })
})

describe('what is kept and told of people', () => {
  test('neither session, proof of the browser, password nor name typed is in the store or the log in clear', async () => {
    const { visitor, page } = await signedIn()
    await visitor.submit(page, 'decide', { decision: 'allow' })
    const kept = await Promise.all(
      (await registry.redis.keys('*')).map(async (key: string) =>
        (await registry.redis.type(key)) === 'string' ? `${key} ${await registry.redis.get(key)}` : key,
      ),
    )
    const told = [...kept, ...server.logged].join('\n')
    for (const secret of [
      visitor.cookies.get('session')!,
      visitor.cookies.get('interaction')!,
      visitor.cookies.get('device')!,
      ada.password,
    ])
      expect(told).not.toContain(secret)
  })

  test('cookies are for our host, for HTTP only, and not for forms of other sites', async () => {
    const { visitor, page } = await arrive()
    const form = formOf(page.body, 'sign-in')
    const answer = await visitor.post(form.action, { ...form.hidden, ...ada })
    const cookies = answer.headers.getSetCookie()
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax/)
      expect(cookie).not.toMatch(/domain/i)
    }
  })
})
