import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { invite } from '../../../registry/people.ts'
import { consolePerson } from '../../support/console-person.ts'
import { type AdminService, paymentsYaml, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin({ ADMIN_GATEWAY_URL: 'https://api.bank.example' })
})
afterAll(() => admin.close())

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } })

/** A new version with a document. @returns its address in the admin API */
async function imported(
  name: string,
  document: unknown,
  routing: unknown = { by: 'path', basePath: `/${name}` },
) {
  const api = await admin.ask('POST', '/api/apis', { body: { name, title: name } })
  const made = await admin.ask('POST', `/api/apis/${api.body.id}/versions`, { body: { name: 'v1', routing } })
  const at = `/api/versions/${made.body.id}`
  const bytes = typeof document === 'string' ? document : JSON.stringify(document)
  const done = await admin.ask('PUT', `${at}/document`, { bytes, ifMatch: '*' })
  expect(done.status).toBe(200)
  return at
}

describe('the documentation of a version', () => {
  test('begins with what it offers, where, and all operations', async () => {
    const at = await imported('payments', paymentsYaml)
    const { status, body } = await admin.ask('GET', `${at}/docs`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      api: { name: 'payments' },
      version: { name: 'v1' },
      documentVersion: '1.0',
      serverUrl: 'https://api.bank.example/payments',
      tokenUrl: 'https://api.bank.example/oauth2/token',
      headers: [],
      revision: 1,
    })
    expect(body.operations.map((o: { id: string }) => o.id)).toEqual(['createPayment', 'getBalance'])
  })

  test('shows an operation as a document of it alone, at the gateway and with its ways to prove who calls', async () => {
    const at = await imported('one-operation', paymentsYaml)
    const { body } = await admin.ask('GET', `${at}/docs/operations/getBalance`)
    expect(body.document).toMatchObject({
      openapi: '3.0.3',
      servers: [{ url: 'https://api.bank.example/one-operation' }],
      security: [{ apiKey: [] }, { oauth2: ['accounts:read'] }],
      components: { securitySchemes: { apiKey: { name: 'X-API-Key' } } },
    })
    expect(Object.keys(body.document.paths)).toEqual(['/accounts/{id}/balance'])
    expect(body.exampleRequest.parameters).toEqual([{ in: 'path', name: 'id', value: '' }])
  })

  test('takes operations without a name of their own, by method and path', async () => {
    const paths = { '/pay/{id}': { get: { responses: { 200: { description: 'ok' } } } } }
    const at = await imported('unnamed', { openapi: '3.1.0', info: { title: 'U', version: '1' }, paths })
    const { status, body } = await admin.ask(
      'GET',
      `${at}/docs/operations/${encodeURIComponent('GET /pay/{id}')}`,
    )
    expect(status).toBe(200)
    expect(body.operation.id).toBe('GET /pay/{id}')
  })

  test('reads Swagger 2.0 as OpenAPI 3', async () => {
    const old = {
      swagger: '2.0',
      info: { title: 'Old', version: '1' },
      paths: {
        '/pay': {
          post: {
            operationId: 'pay',
            parameters: [{ in: 'body', name: 'b', schema: { $ref: '#/definitions/Pay' } }],
            responses: { 200: { description: 'ok' } },
          },
        },
      },
      definitions: {
        Pay: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } },
      },
    }
    const { body } = await admin.ask('GET', `${await imported('old', old)}/docs/operations/pay`)
    expect(body.document.openapi).toBe('3.0.0')
    expect(body.document.components.schemas.Pay.required).toEqual(['amount'])
    expect(JSON.parse(body.exampleRequest.body.text)).toEqual({ amount: 1 })
  })

  test('cuts what has no room, leaves a stub, and hands the part out when it is asked for', async () => {
    const link = (i: number) => ({ $ref: `#/components/schemas/S${i}` })
    const schemas = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `S${i}`,
        { description: 'd'.repeat(5_000), properties: i < 39 ? { next: link(i + 1) } : {} },
      ]),
    )
    const paths = { '/pay': { post: { operationId: 'pay', requestBody: json(link(0)), responses: {} } } }
    const at = await imported('large', {
      openapi: '3.0.3',
      info: { title: 'L', version: '1' },
      paths,
      components: { schemas },
    })
    const answer = await admin.ask('GET', `${at}/docs/operations/pay`)
    expect(answer.text.length).toBeLessThan(100_000)
    const [name] = answer.body.cut
    expect(answer.body.cut).toEqual(['schemas/S11'])
    expect(answer.body.document.components.schemas.S11).toEqual({ 'x-cut': true, title: 'S11' })
    const part = await admin.ask('GET', `${at}/docs/part?name=${encodeURIComponent(name)}`)
    expect(part.body.components.schemas.S11.description).toHaveLength(5_000)
    expect(part.body.cut).toHaveLength(1)
  })

  test('goes home as a document with the gateway as its server, and as a collection of Postman', async () => {
    const at = await imported('files', paymentsYaml)
    const document = await admin.ask('GET', `${at}/docs/file?form=openapi`)
    expect(document.body).toMatchObject({
      openapi: '3.0.3',
      servers: [{ url: 'https://api.bank.example/files' }],
    })
    const collection = await admin.ask('GET', `${at}/docs/file?form=postman`)
    expect(collection.body.info.schema).toContain('collection/v2.1.0')
    expect(JSON.stringify(collection.body.variable)).toContain('https://api.bank.example/files')
    // The second time it is what was kept.
    expect((await admin.ask('GET', `${at}/docs/file?form=postman`)).text).toBe(collection.text)
  })

  test('tells which header names the version', async () => {
    const routing = { by: 'header', basePath: '/h', header: 'x-version', value: '7' }
    const { body } = await admin.ask('GET', `${await imported('by-header', paymentsYaml, routing)}/docs`)
    expect(body.headers).toEqual([{ name: 'x-version', value: '7' }])
  })

  test('does not know what is not there', async () => {
    const at = await imported('missing', paymentsYaml)
    for (const path of ['/docs/operations/nothing', '/docs/part?name=schemas/Nothing'])
      expect((await admin.ask('GET', at + path)).body.code).toBe('not-found')
    const api = await admin.ask('POST', '/api/apis', { body: { name: 'empty', title: 'Empty' } })
    const routing = { by: 'path', basePath: '/empty' }
    const empty = await admin.ask('POST', `/api/apis/${api.body.id}/versions`, {
      body: { name: 'v1', routing },
    })
    expect((await admin.ask('GET', `/api/versions/${empty.body.id}/docs`)).body.code).toBe('not-found')
  })
})

describe('the documentation for a partner', () => {
  const bootstrap = { id: 'bootstrap' }
  const password = 'seven quiet rivers 9'

  /** Somebody who belongs to a new partner of that name. */
  async function memberOf(name: string, role = 'partner-developer') {
    const partner = await admin.ask('POST', '/api/partners', { body: { name, title: name } })
    const membership = { partnerId: partner.body.id, role }
    const email = `${role}@${name}.example`
    const { token } = await invite(admin.registry, bootstrap, { email, roles: [], membership } as never)
    const person = consolePerson(admin.url)
    await person.ask('POST', '/api/invitations/accept', { token, name, password })
    await person.ask('POST', '/api/session', { email, password })
    return person
  }

  test('is what was published, and a draft is none', async () => {
    const at = await imported('published', paymentsYaml)
    const id = at.split('/').at(-1)
    const upstream = await admin.ask('POST', '/api/upstreams', {
      body: { name: 'service', targets: [{ id: 'a', url: 'http://127.0.0.1:9' }] },
    })
    const { body: version, headers } = await admin.ask('GET', at)
    const upstreams = { sandbox: upstream.body.id }
    await admin.ask('PUT', at, { body: { ...version, upstreams }, ifMatch: headers.get('etag')! })
    const person = await memberOf('acme')
    const pages = `/api/portal/acme/apis/${id}/docs`
    expect((await person.ask('GET', pages)).body.code).toBe('not-found')
    const done = await admin.ask('POST', '/api/publish', { body: { apis: [version.apiId] } })
    expect(done.status).toBe(200)
    expect((await person.ask('GET', pages)).body.operations).toHaveLength(2)
    const operation = await person.ask('GET', `${pages}/operations/createPayment`)
    expect(operation.body.document.servers).toEqual([{ url: 'https://api.bank.example/published' }])
    expect((await person.ask('GET', `${pages}/file?form=openapi`)).body.info.title).toBe('Payments')

    const stranger = await memberOf('other')
    for (const path of ['', '/operations/createPayment', '/part?name=schemas/A', '/file?form=openapi'])
      expect((await stranger.ask('GET', pages + path)).body.code).toBe('not-found')
    const call = { version: id, operation: 'createPayment' }
    expect((await stranger.ask('POST', '/api/portal/acme/try', call)).body.code).toBe('not-found')
    const viewer = await memberOf('viewers', 'partner-viewer')
    expect((await viewer.ask('POST', '/api/portal/viewers/try', call)).body.code).toBe('access-denied')
    // A version that nobody published cannot be tried either, whatever its id.
    const draft = (await imported('only-draft', paymentsYaml)).split('/').at(-1)
    const tried = await person.ask('POST', '/api/portal/acme/try', { ...call, version: draft })
    expect(tried.body.code).toBe('not-found')
  })
})
