import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AdminService, paymentsYaml, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin({ GATEWAY_PORT: '8123' })
  const { ask } = admin
  const upstream = await ask('POST', '/api/upstreams', {
    body: { name: 'service', targets: [{ id: 'a', url: 'http://127.0.0.1:9' }] },
  })
  await ask('POST', '/api/apis', { body: { name: 'payments', title: 'Pay & <b>$&</b>' } })
  const routings = {
    v1: { by: 'path', basePath: '/payments/v1' },
    v2: { by: 'header', basePath: '/payments', header: 'api-version', value: '$&2"' },
    v3: { by: 'host', hosts: ['v3.bank.example'] },
    draft: { by: 'path', basePath: '/payments/draft' },
  }
  for (const [name, routing] of Object.entries(routings)) {
    if (name === 'draft') await ask('POST', '/api/publish', { body: { apis: ['payments'] } })
    const body = { name, routing, upstreams: { live: upstream.body.id } }
    const version = await ask('POST', '/api/apis/payments/versions', { body })
    await ask('PUT', `/api/versions/${version.body.id}/document`, { bytes: paymentsYaml, ifMatch: '*' })
  }
})
afterAll(() => admin.close())

const read = (path: string) => admin.ask('GET', path, { token: null })

/** Every file that a page names is there and is what it should be. */
async function checkPage(path: string) {
  const page = await read(path)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const names = [...page.text.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, name]) => name!.slice(2))
  expect(names).toEqual(
    expect.arrayContaining(['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-init.js']),
  )
  for (const name of names) {
    const { status, headers } = await read(path + name)
    const type = name.endsWith('.js') ? 'javascript' : name.endsWith('.css') ? 'text/css' : 'image/png'
    expect([name, status, headers.get('content-type')]).toEqual([name, 200, expect.stringContaining(type)])
  }
  // The policy allows no script in the page itself: there must be none.
  expect(page.text).not.toMatch(/<script>|<script(?![^>]*src=)/)
  return { page, init: (await read(`${path}swagger-ui-init.js`)).text }
}

describe('Swagger UI', () => {
  test('shows the admin API', async () => {
    expect((await read('/docs')).headers.get('location')).toBe('/docs/')
    const { page, init } = await checkPage('/docs/')
    expect(init).toContain('"swaggerUrl": "/api/openapi.json"')
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self';")
    const document = await read('/api/openapi.json')
    expect(document.body.openapi).toBe('3.1.0')
  })

  test('shows a published API, with calls to the gateway allowed', async () => {
    const { page, init } = await checkPage('/docs/apis/payments/v1/')
    expect(init).toContain('"/docs/apis/payments/v1/openapi.json"')
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("connect-src 'self' http://localhost:8123;")
    expect(page.text).toContain('<title>Pay &#38; &#60;b&#62;&#36;&#38;&#60;/b&#62; v1</title>')
    const { body } = await read('/docs/apis/payments/v1/openapi.json')
    expect(body.servers).toEqual([{ url: 'http://localhost:8123/payments/v1' }])
  })

  test('names the version on each call where a header does that', async () => {
    const { init } = await checkPage('/docs/apis/payments/v2/')
    const source = /"requestInterceptor": (function[\s\S]*?\n\})/.exec(init)![1]
    const intercept = new Function(`return (${source})`)() as (request: object) => unknown
    expect(intercept({ headers: {} })).toEqual({ headers: { 'api-version': '$&2"' } })
    expect(intercept({ loadSpec: true, headers: {} })).toEqual({ loadSpec: true, headers: {} })
  })

  test('calls a version with a host of its own there', async () => {
    const { page } = await checkPage('/docs/apis/payments/v3/')
    expect(page.headers.get('content-security-policy')).toContain('http://v3.bank.example:8123')
  })

  test('lists what is published, and no draft', async () => {
    const { text } = await read('/docs/apis/')
    expect(text).toContain('href="/docs/apis/payments/v1/"')
    expect(text).toContain('Pay &#38; &#60;b&#62;')
    expect(text).not.toContain('draft')
    for (const path of [
      '/docs/apis/payments/draft/',
      '/docs/apis/payments/draft/openapi.json',
      '/docs/apis/none/v1/',
    ])
      expect([path, (await read(path)).status]).toEqual([path, 404])
  })

  test('gives no file that is not its own', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2f..%2fpackage.json', '/docs/nothing.js'])
      expect([path, (await read(path)).status]).toEqual([path, 404])
  })
})
