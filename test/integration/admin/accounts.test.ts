import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { listAudit } from '../../../registry/audit.ts'
import { createPartner } from '../../../registry/partners.ts'
import { invite } from '../../../registry/people.ts'
import { scanKeys } from '../../../registry/redis.ts'
import { type ConsolePerson, codeOf, consolePerson } from '../../support/console-person.ts'
import { type AdminService, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin({ ADMIN_TRUSTED_PROXIES: '127.0.0.0/8' })
})
afterAll(() => admin.close())

const bootstrap = { id: 'bootstrap' }
const password = 'seven quiet rivers 9'

async function accepted(
  email: string,
  given: Parameters<typeof invite>[2] extends infer T ? Omit<T & object, 'email'> : never,
) {
  const { token } = await invite(admin.registry, bootstrap, { email, ...given } as Parameters<
    typeof invite
  >[2])
  const person = consolePerson(admin.url)
  const answer = await person.ask('POST', '/api/invitations/accept', { token, name: 'Somebody', password })
  expect(answer.status).toBe(200)
  return person
}

async function signIn(person: ConsolePerson, email: string) {
  return person.ask('POST', '/api/session', { email, password })
}

/** With a second factor, as the platform asks for. */
async function platformPerson(email: string, role: string) {
  const person = await accepted(email, { roles: [role], membership: null } as never)
  await signIn(person, email)
  const { body } = await person.ask('POST', '/api/second-factor', { password })
  const confirmed = await person.ask('POST', '/api/second-factor/confirm', { code: codeOf(body.uri) })
  expect(confirmed.status).toBe(204)
  return { person, uri: body.uri as string, backupCodes: body.backupCodes as string[] }
}

describe('an invitation', () => {
  test('makes a person who signs in, and works once', async () => {
    const { token } = await invite(admin.registry, bootstrap, {
      email: 'Once@Example.com',
      roles: ['platform-viewer'],
      membership: null,
    })
    const looked = await consolePerson(admin.url).ask('POST', '/api/invitations/look', { token })
    expect(looked.body).toEqual({
      email: 'once@example.com',
      roles: ['platform-viewer'],
      partner: null,
      isKnown: false,
    })
    const tries = await Promise.all(
      Array.from({ length: 20 }, () =>
        consolePerson(admin.url).ask('POST', '/api/invitations/accept', { token, name: 'Ada', password }),
      ),
    )
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(tries.filter(({ body }) => body.code === 'link-invalid')).toHaveLength(19)
    const person = consolePerson(admin.url)
    expect((await signIn(person, 'ONCE@example.com')).body).toEqual({ next: 'done' })
    const session = await person.ask('GET', '/api/session')
    expect(session.body).toMatchObject({ person: { email: 'once@example.com' }, mustSetUpSecondFactor: true })
    const { id } = session.body.person
    const { items } = await listAudit(admin.registry, { subject: id })
    expect(items.map(({ action, actor }) => [action, actor])).toEqual([
      ['sign-in', id],
      ['create', id],
    ])
  })

  test('refuses a password that is tried first', async () => {
    const { token } = await invite(admin.registry, bootstrap, {
      email: 'weak@example.com',
      roles: ['auditor'],
      membership: null,
    })
    const answer = await consolePerson(admin.url).ask('POST', '/api/invitations/accept', {
      token,
      name: 'Weak',
      password: 'Password1234!',
    })
    expect([answer.status, answer.body.code]).toEqual([422, 'password-weak'])
  })
})

describe('a person of the platform', () => {
  test('may do nothing before the second factor, and then what the role allows', async () => {
    const person = await accepted('viewer@example.com', {
      roles: ['platform-viewer'],
      membership: null,
    } as never)
    await signIn(person, 'viewer@example.com')
    expect((await person.ask('GET', '/api/apis')).body.code).toBe('second-factor-missing')
    const { body } = await person.ask('POST', '/api/second-factor', { password })
    await person.ask('POST', '/api/second-factor/confirm', { code: codeOf(body.uri) })
    expect((await person.ask('GET', '/api/apis')).status).toBe(200)
    const refused = await person.ask('POST', '/api/apis', { name: 'a', title: 'A' })
    expect([refused.status, refused.body.code]).toEqual([403, 'access-denied'])
  })

  test('signs in with a code of the app, or with a backup code once', async () => {
    const { uri, backupCodes } = await platformPerson('factor@example.com', 'platform-operator')
    const app = consolePerson(admin.url)
    expect((await signIn(app, 'factor@example.com')).body).toEqual({ next: 'second-factor' })
    expect((await app.ask('GET', '/api/session')).status).toBe(401)
    expect((await app.ask('POST', '/api/session/second-factor', { code: '000000' })).status).toBe(401)
    expect((await app.ask('POST', '/api/session/second-factor', { code: codeOf(uri) })).status).toBe(200)
    expect((await app.ask('GET', '/api/apis')).status).toBe(200)
    for (const status of [200, 401]) {
      const paper = consolePerson(admin.url)
      await signIn(paper, 'factor@example.com')
      const answer = await paper.ask('POST', '/api/session/second-factor', { code: backupCodes[0] })
      expect(answer.status).toBe(status)
    }
  })

  test('gains nothing by a code that no sign-in asked for', async () => {
    const { person, uri } = await platformPerson('twice@example.com', 'platform-viewer')
    const answer = await person.ask('POST', '/api/session/second-factor', { code: codeOf(uri) })
    expect([answer.status, answer.body.code]).toEqual([401, 'sign-in-failed'])
    expect((await person.ask('GET', '/api/apis')).status).toBe(200)
  })

  test('is out with the next call when suspended, and at once when signed out', async () => {
    const { person } = await platformPerson('leaver@example.com', 'platform-viewer')
    const { person: owner } = await platformPerson('owner@example.com', 'platform-owner')
    const { body } = await owner.ask('GET', '/api/people')
    const id = body.items.find(({ email }: { email: string }) => email === 'leaver@example.com').id
    const found = await owner.ask('GET', `/api/people/${id}`)
    const answer = await owner.ask(
      'PUT',
      `/api/people/${id}`,
      { roles: ['platform-viewer'], isSuspended: true },
      {
        'if-match': found.headers.get('etag')!,
      },
    )
    expect(answer.status).toBe(200)
    expect((await person.ask('GET', '/api/apis')).status).toBe(401)
    await owner.ask('POST', '/api/session/end')
    expect((await owner.ask('GET', '/api/apis')).status).toBe(401)
  })
})

describe('what cannot be undone', () => {
  test('asks to confirm after five minutes, with the password', async () => {
    const { person } = await platformPerson('slow@example.com', 'platform-owner')
    const id = (await person.ask('GET', '/api/session')).body.person.id
    // Five minutes later, as far as the session is concerned.
    const { keys, redis } = admin.registry
    for (const key of await scanKeys(redis, `${keys.prefix}{accounts}:session:`)) {
      const json = (await redis.get(key))!
      const kept = JSON.parse(json)
      if (kept.userId === id)
        await redis.set(
          key,
          JSON.stringify({ ...kept, createdAt: new Date(Date.now() - 400_000).toISOString() }),
          'KEEPTTL',
        )
    }
    const change = () => person.ask('POST', `/api/people/${id}/reset-link`, {})
    expect((await change()).body.code).toBe('sign-in-again')
    const minted = await person.ask('POST', '/api/admin-tokens', { title: 'mine', permissions: ['admin'] })
    expect(minted.body.code).toBe('sign-in-again')
    expect((await person.ask('POST', '/api/session/confirm', { password: 'not this one' })).status).toBe(401)
    expect((await change()).body.code).toBe('sign-in-again')
    expect((await person.ask('POST', '/api/session/confirm', { password })).status).toBe(204)
    const { body } = await change()
    const token = body.link.split('#')[1]
    const fresh = consolePerson(admin.url)
    const use = () =>
      fresh.ask('POST', '/api/password-resets/use', { token, password: 'eleven slow trains 4' })
    expect((await use()).status).toBe(204)
    expect((await use()).body.code).toBe('link-invalid')
    // The new password ends what the old one had begun.
    expect((await person.ask('GET', '/api/session')).status).toBe(401)
  })
})

describe('a member of a partner', () => {
  test('sees its own partner and nothing of another', async () => {
    const [own, other] = await Promise.all(
      ['own', 'other'].map((name) => createPartner(admin.registry, bootstrap, { name, title: name })),
    )
    const membership = { partnerId: own!.value.id, role: 'partner-owner' as const }
    const person = await accepted('member@example.com', { roles: [], membership } as never)
    await signIn(person, 'member@example.com')
    expect((await person.ask('GET', '/api/session')).body.partners).toMatchObject([
      { name: 'own', role: 'partner-owner', permissions: ['portal:read', 'portal:write', 'portal:members'] },
    ])
    expect((await person.ask('GET', '/api/portal/own/members')).body.items).toHaveLength(1)
    expect((await person.ask('GET', `/api/portal/${own!.value.id}/members`)).status).toBe(200)
    for (const name of ['other', other!.value.id, 'nowhere'])
      expect((await person.ask('GET', `/api/portal/${name}/members`)).status).toBe(404)
    expect((await person.ask('GET', '/api/apis')).status).toBe(403)
    const answer = await person.ask('POST', '/api/portal/own/members/invitations', {
      email: 'second@example.com',
      role: 'partner-viewer',
    })
    expect(answer.body.link).toMatch(/\/auth\/invitation#/)
  })
})

describe('a forgotten password', () => {
  test('is asked for in the same words by all, and not without end for one', async () => {
    const ask = (email: string) => consolePerson(admin.url).ask('POST', '/api/password-resets', { email })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await ask('hash@example.com')).status)
    expect(statuses).toEqual([204, 204, 204, 429])
    expect((await ask('nobody-at-all@example.com')).status).toBe(204)
  })
})

describe('a session', () => {
  test('is taken from pages of ours only', async () => {
    const person = await accepted('origin@example.com', {
      roles: ['platform-viewer'],
      membership: null,
    } as never)
    await signIn(person, 'origin@example.com')
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: admin.url, 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[]) {
      const answer = await person.ask('POST', '/api/profile', { name: 'Mallory' }, headers)
      expect([answer.status, answer.body.code]).toEqual([403, 'origin-refused'])
    }
    const form = await person.ask(
      'POST',
      '/api/profile',
      { name: 'Mallory' },
      { 'content-type': 'text/plain' },
    )
    expect(form.status).toBe(415)
  })

  test('is a cookie that scripts cannot read, and is kept as a hash only', async () => {
    const person = await accepted('hash@example.com', {
      roles: ['platform-viewer'],
      membership: null,
    } as never)
    const answer = await signIn(person, 'hash@example.com')
    const line = answer.headers.getSetCookie().find((one) => one.includes('session_token'))!
    expect(line).toMatch(/HttpOnly/i)
    expect(line).toMatch(/SameSite=Lax/i)
    const [token = ''] = decodeURIComponent(line.split(';')[0]!.split('=')[1]!).split('.')
    expect(token.length).toBeGreaterThan(20)
    for (const key of await scanKeys(admin.registry.redis, admin.registry.keys.prefix)) {
      expect(key).not.toContain(token)
      if ((await admin.registry.redis.type(key)) === 'string')
        expect(await admin.registry.redis.get(key)).not.toContain(token)
    }
    expect(JSON.stringify(answer.body)).not.toContain(token)
  })

  test('says the same of a wrong password and of nobody', async () => {
    const person = consolePerson(admin.url)
    const wrong = await person.ask('POST', '/api/session', {
      email: 'hash@example.com',
      password: 'wrong wrong wrong',
    })
    const nobody = await person.ask('POST', '/api/session', {
      email: 'nobody@example.com',
      password: 'wrong wrong wrong',
    })
    const { instance: a, ...first } = wrong.body
    const { instance: b, ...second } = nobody.body
    expect(first.code).toBe('sign-in-failed')
    expect(a).not.toBe(b)
    expect([wrong.status, first]).toEqual([nobody.status, second])
  })
})
