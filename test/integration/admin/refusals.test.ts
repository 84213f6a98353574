import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../../admin/metrics.ts'
import { needsMatch } from '../../../admin/route.ts'
import { allRoutes } from '../../../admin/routes.ts'
import type { Permission } from '../../../registry/model.ts'
import { type AdminService, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin()
})
afterAll(() => admin.close())

const routes = allRoutes(createMetrics()).map((row) => ({
  ...row,
  title: `${row.method.toUpperCase()} ${row.path}`,
  address: row.path.replaceAll(/\{\w+\}/g, '1'),
}))
const guarded = routes.filter(({ permission }) => permission !== 'public')

describe('permissions', () => {
  test('every route but the public ones refuses a caller without a token', async () => {
    for (const { title, method, address } of guarded) {
      const answer = await admin.ask(method.toUpperCase(), address, { token: null })
      expect([title, answer.status, answer.body.code]).toEqual([title, 401, 'credential-missing'])
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
  })

  test('every route refuses a token with every permission but its own', async () => {
    const all: Permission[] = ['read', 'write', 'publish', 'credentials', 'audit', 'people']
    const without = new Map(
      await Promise.all(
        [...all, 'admin' as const].map(
          async (p) => [p, await admin.tokenWith(...all.filter((q) => q !== p))] as const,
        ),
      ),
    )
    for (const { title, method, address, permission } of guarded) {
      if (permission === 'any' || permission === 'public') continue
      if (permission === 'person' || permission.startsWith('portal:')) continue
      const answer = await admin.ask(method.toUpperCase(), address, {
        token: without.get(permission as Permission)!,
      })
      expect([title, answer.status, answer.body.code]).toEqual([title, 403, 'access-denied'])
      expect(answer.headers.get('www-authenticate')).toContain(`scope="${permission}"`)
    }
  })

  test('no admin token is a person, and for none there is a partner’s own side', async () => {
    const token = await admin.tokenWith('admin')
    for (const { title, method, address, permission } of guarded) {
      const status = permission === 'person' ? 403 : permission.startsWith('portal:') ? 404 : undefined
      if (status === undefined) continue
      const answer = await admin.ask(method.toUpperCase(), address, { token })
      expect([title, answer.status]).toEqual([title, status])
    }
  })

  test('editing an upstream does not send its credential to a new address', async () => {
    const credential = { header: 'x-bank-key', value: 'bank-secret-1234567890' }
    const bank = { name: 'bank', targets: [{ id: 'one', url: 'http://127.0.0.1:1' }] }
    const made = await admin.ask('POST', '/api/upstreams', { body: { ...bank, credential } })
    const moved = {
      ...bank,
      credential: made.body.credential,
      targets: [{ id: 'one', url: 'http://127.0.0.1:2' }],
    }
    const ask = { body: moved, ifMatch: made.headers.get('etag')! }
    const refused = await admin.ask('PUT', `/api/upstreams/${made.body.id}`, {
      ...ask,
      token: await admin.tokenWith('write'),
    })
    expect([refused.status, refused.body.code]).toEqual([400, 'input-invalid'])
    const token = await admin.tokenWith('write', 'credentials')
    expect((await admin.ask('PUT', `/api/upstreams/${made.body.id}`, { ...ask, token })).status).toBe(200)
  })

  test('the public routes are these', () => {
    const names = routes.filter(({ permission }) => permission === 'public').map(({ id }) => id)
    expect(names.sort()).toEqual([
      'acceptInvitation',
      'askForReset',
      'getOpenApi',
      'healthz',
      'lookAtInvitation',
      'passSecondFactor',
      'readyz',
      'signIn',
      'useReset',
    ])
  })

  test('a revoked token is refused at once', async () => {
    const made = await admin.ask('POST', '/api/admin-tokens', { body: { title: 'x', permissions: ['read'] } })
    const { secret, token } = made.body
    expect((await admin.ask('GET', '/api/apis', { token: secret })).status).toBe(200)
    await admin.ask('POST', `/api/admin-tokens/${token.id}/revoke`)
    const refused = await admin.ask('GET', '/api/apis', { token: secret })
    expect([refused.status, refused.body.code]).toEqual([401, 'credential-invalid'])
    expect((await admin.ask('GET', '/api/admin-tokens')).text).not.toContain('"hash"')
  })
})

describe('changes', () => {
  test('of a record all ask for If-Match', async () => {
    for (const row of guarded.filter((row) => needsMatch(row) && !row.permission.startsWith('portal:'))) {
      const answer = await admin.ask(row.method.toUpperCase(), row.address, { body: {} })
      expect([row.title, answer.status, answer.body.code]).toEqual([row.title, 428, 'precondition-required'])
    }
  })

  test('by two writers who read the same: one is done, the other is told', async () => {
    const { ask } = admin
    const made = await ask('POST', '/api/apis', { body: { name: 'race', title: 'Race' } })
    const ifMatch = made.headers.get('etag')!
    const put = (title: string) => ask('PUT', '/api/apis/race', { body: { ...made.body, title }, ifMatch })
    const answers = await Promise.all([put('one'), put('two')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    const winner = answers.find(({ status }) => status === 200)!
    const read = await ask('GET', '/api/apis/race')
    expect(read.body.title).toBe(winner.body.title)
    expect(read.headers.get('etag')).toBe(winner.headers.get('etag'))
    expect((await ask('DELETE', '/api/apis/race', { ifMatch })).status).toBe(412)
    expect((await ask('DELETE', '/api/apis/race', { ifMatch: read.headers.get('etag')! })).status).toBe(204)
    expect((await ask('GET', '/api/apis/race')).status).toBe(404)
  })
})

describe('bad input', () => {
  const json = { 'content-type': 'application/json' }
  const bad: [string, string, Parameters<AdminService['ask']>[2], number, string, string?][] = [
    ['no body', 'POST /api/apis', {}, 400, 'input-invalid'],
    ['no JSON', 'POST /api/apis', { bytes: '{"name":}', headers: json }, 400, 'input-invalid'],
    [
      'an unknown field',
      'POST /api/apis',
      { body: { name: 'a', title: 'A', nmae: 1 } },
      400,
      'input-invalid',
      '/nmae',
    ],
    ['a missing field', 'POST /api/apis', { body: { name: 'a' } }, 400, 'input-invalid', '/title'],
    ['a bad name', 'POST /api/apis', { body: { name: 'A b', title: 'A' } }, 400, 'input-invalid', '/name'],
    ['an array', 'POST /api/apis', { body: [] }, 400, 'input-invalid', ''],
    [
      'a policy that does not exist',
      'POST /api/apis',
      { body: { name: 'a', title: 'A', policies: { nope: {} } } },
      400,
      'input-invalid',
      '/policies/nope',
    ],
    [
      'a policy with a bad config',
      'POST /api/plans',
      { body: { name: 'a', title: 'A', policies: { 'rate-limit': { limit: 0 } } } },
      400,
      'input-invalid',
      '/policies/rate-limit/limit',
    ],
    [
      'a target with a path',
      'POST /api/upstreams',
      { body: { name: 'a', targets: [{ id: 'a', url: 'http://a/b' }] } },
      400,
      'input-invalid',
      '/targets/0/url',
    ],
    [
      'a form',
      'POST /api/apis',
      { bytes: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'media-type-unsupported',
    ],
    [
      'another charset',
      'POST /api/apis',
      { bytes: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      'media-type-unsupported',
    ],
    [
      'a packed body',
      'POST /api/apis',
      { bytes: '{}', headers: { 'content-encoding': 'gzip' } },
      415,
      'media-type-unsupported',
    ],
    [
      'too large a body',
      'POST /api/apis',
      { bytes: `"${'x'.repeat(1_048_576)}"`, headers: json },
      413,
      'body-too-large',
    ],
    ['an unknown parameter', 'GET /api/apis?colour=red', {}, 400, 'input-invalid', '/colour'],
    ['a parameter where none is taken', 'GET /api/status?x=1', {}, 400, 'input-invalid', '/x'],
    ['a limit out of range', 'GET /api/apis?limit=1000', {}, 400, 'input-invalid', '/limit'],
    ['a parameter twice', 'GET /api/apis?search=a&search=b', {}, 400, 'input-invalid', '/search'],
    ['an empty document', 'POST /api/documents/preview', {}, 400, 'input-invalid'],
    ['a document that is none', 'POST /api/documents/preview', { bytes: 'hello' }, 422, 'document-invalid'],
    ['an unknown API', 'GET /api/apis/none', {}, 404, 'not-found'],
    ['an unknown partner’s applications', 'GET /api/partners/none/applications', {}, 404, 'not-found'],
    ['an unknown application’s credentials', 'GET /api/applications/none/credentials', {}, 404, 'not-found'],
    [
      'an unknown application’s subscriptions',
      'GET /api/applications/none/subscriptions',
      {},
      404,
      'not-found',
    ],
    ['an unknown version’s revisions', 'GET /api/versions/none/revisions', {}, 404, 'not-found'],
    ['a snapshot that is no number', 'GET /api/snapshots/x', {}, 404, 'not-found'],
    ['an unknown snapshot', 'POST /api/snapshots/99/rollback', { body: {} }, 404, 'not-found'],
    ['publishing what is not there', 'POST /api/publish', { body: { apis: ['none'] } }, 404, 'not-found'],
    [
      'withdrawing what is not published',
      'POST /api/publish',
      { body: { withdraw: ['none'] } },
      404,
      'not-found',
    ],
    ['an unknown address', 'GET /api/nothing', {}, 404, 'route-unknown'],
    ['a broken escape', 'GET /api/apis/%E0%A4%A', {}, 400, 'request-malformed'],
    ['a method that is not taken', 'DELETE /api/apis', {}, 405, 'method-not-allowed'],
    ['a slash too many', 'GET /api/apis/', {}, 404, 'route-unknown'],
  ]

  // As one argument: jest takes a parameter without a value in the row for its `done`.
  const rows = bad.map((row) => [row[0], row] as const)
  test.each(rows)('%s is refused', async (_title, [, request, options, status, code, pointer]) => {
    const [method, path] = request.split(' ') as [string, string]
    const answer = await admin.ask(method, path, options)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.body.instance).toBe(`urn:request:${answer.headers.get('x-request-id')}`)
    if (pointer !== undefined)
      expect(answer.body.errors.map((e: { pointer: string }) => e.pointer)).toContain(pointer)
  })

  test('a method that is not taken is answered with those that are', async () => {
    const answer = await admin.ask('PATCH', '/api/apis/x')
    expect(answer.headers.get('allow')).toBe('GET, PUT, DELETE, HEAD')
  })

  test('a name that is taken is refused', async () => {
    const body = { name: 'twice', title: 'Twice' }
    await admin.ask('POST', '/api/partners', { body })
    const answer = await admin.ask('POST', '/api/partners', { body })
    expect([answer.status, answer.body.code]).toEqual([409, 'name-taken'])
  })
})

describe('lists', () => {
  test('are read page by page, each item once, and searched', async () => {
    const { ask } = admin
    const names = Array.from({ length: 7 }, (_, i) => `page-${i}`)
    for (const name of names) await ask('POST', '/api/plans', { body: { name, title: `Page ${name}` } })
    const found: string[] = []
    let after = ''
    for (let pages = 0; pages < 10; pages++) {
      const { items, next } = (await ask('GET', `/api/plans?limit=3&search=page-${after}`)).body
      expect(items.length).toBeLessThanOrEqual(3)
      found.push(...items.map((item: { name: string }) => item.name))
      if (next === null) break
      after = `&after=${next}`
    }
    expect(found).toEqual(names)
    const one = await ask('GET', '/api/plans?name=page-4')
    expect(one.body.items.map((item: { name: string }) => item.name)).toEqual(['page-4'])
  })

  test('of the audit go backwards', async () => {
    const first = (await admin.ask('GET', '/api/audit?limit=2')).body
    const second = (await admin.ask('GET', `/api/audit?limit=2&before=${first.next}`)).body
    // No id of Redis: refused by it, that would be a fault of ours.
    expect(await admin.ask('GET', `/api/audit?before=${'9'.repeat(30)}-1`)).toMatchObject({ status: 200 })
    expect(second.items[0].at).toBeLessThanOrEqual(first.items[1].at)
    expect(second.items[0].id).not.toBe(first.items[1].id)
  })

  test('filter by yes and no', async () => {
    await admin.ask('POST', '/api/partners', { body: { name: 'out', title: 'Out', isSuspended: true } })
    const { items } = (await admin.ask('GET', '/api/partners?isSuspended=true')).body
    expect(items.map((item: { name: string }) => item.name)).toEqual(['out'])
  })
})

describe('around every answer', () => {
  test('stand the security headers and the id of the request', async () => {
    const { headers } = await admin.ask('GET', '/api/apis', { headers: { 'x-request-id': 'mine-1' } })
    expect(headers.get('x-request-id')).toBe('mine-1')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('x-powered-by')).toBeNull()
    const hostile = await admin.ask('GET', '/api/apis', { headers: { 'x-request-id': 'a b"c' } })
    expect(hostile.headers.get('x-request-id')).toMatch(/^req_/)
  })

  test('the log has a line, without the token', async () => {
    await admin.ask('GET', '/api/apis?search=findme')
    const line = JSON.parse(admin.lines.filter((l) => l.includes('"listApis"')).at(-1)!)
    expect(line).toMatchObject({ method: 'GET', path: '/api/apis', status: 200, operation: 'listApis' })
    expect(admin.lines.join('')).not.toContain(admin.adminToken)
    expect(admin.lines.join('')).not.toContain('findme')
  })

  test('the metrics count it', async () => {
    const { text } = await admin.ask('GET', '/metrics')
    expect(text).toMatch(/admin_requests_total\{operation="listApis",status="200"\} \d+/)
    expect(text).toContain('admin_store_up 1')
  })
})

test('too many bad tokens from one address are refused for a while, good ones are not', async () => {
  const bad = `pga_${'0'.repeat(38)}`
  const codes: string[] = []
  for (let i = 0; i < 25; i++) codes.push((await admin.ask('GET', '/api/apis', { token: bad })).body.code)
  const limited = await admin.ask('GET', '/api/apis', { token: bad })
  expect([limited.status, limited.body.code]).toEqual([429, 'rate-limited'])
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(codes.filter((code) => code === 'credential-invalid').length).toBeLessThanOrEqual(20)
  expect((await admin.ask('GET', '/api/apis')).status).toBe(200)
})
