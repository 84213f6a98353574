import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AdminService, paymentsYaml, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin()
})
afterAll(() => admin.close())

describe('from an empty registry to a published API and back', () => {
  test('each step stands on the one before', async () => {
    const { ask } = admin
    const upstream = await ask('POST', '/api/upstreams', {
      body: { name: 'service', targets: [{ id: 'a', url: 'http://127.0.0.1:9' }] },
    })
    expect(upstream.status).toBe(201)
    expect(upstream.headers.get('location')).toBe(`/api/upstreams/${upstream.body.id}`)

    const api = await ask('POST', '/api/apis', { body: { name: 'payments', title: 'Payments' } })
    expect(api.status).toBe(201)
    const version = await ask('POST', `/api/apis/${api.body.id}/versions`, {
      body: {
        name: 'v1',
        routing: { by: 'path', basePath: '/payments/v1' },
        upstreams: { live: upstream.body.id, sandbox: upstream.body.id },
      },
    })
    expect(version.status).toBe(201)
    const path = `/api/versions/${version.body.id}`

    const early = await ask('POST', '/api/publish', { body: { apis: ['payments'] } })
    expect(early.body.code === 'publish-refused' || early.body.findings.length > 0).toBe(true)

    const imported = await ask('PUT', `${path}/document`, {
      bytes: paymentsYaml,
      ifMatch: version.headers.get('etag')!,
    })
    expect(imported.body.revision.number).toBe(1)
    expect(imported.body.version.revision).toBe(1)

    const kept = await ask('GET', `${path}/document`)
    expect(kept.text).toBe(paymentsYaml)
    expect(kept.headers.get('content-type')).toBe('application/yaml')
    expect(kept.headers.get('etag')).toBe(imported.headers.get('etag'))

    const dry = await ask('POST', '/api/publish', { body: { apis: ['payments'], dryRun: true } })
    expect(dry.body).toMatchObject({ isDryRun: true })
    expect(dry.body.diff.entries.map((e: { name: string }) => e.name)).toContain('payments v1 createPayment')
    const before = (await ask('GET', '/api/snapshots/current')).body.number

    const published = await ask('POST', '/api/publish', { body: { apis: ['payments'], note: 'first' } })
    expect(published.body.number).toBe(before + 1)
    const current = await ask('GET', '/api/snapshots/current')
    expect(current.body.apis[0].versions[0].routes).toHaveLength(2)

    await ask('PUT', '/api/upstreams/service', {
      body: { ...upstream.body, targets: [{ id: 'b', url: 'http://127.0.0.1:10' }] },
      ifMatch: '*',
    })
    const second = await ask('POST', '/api/publish', { body: { upstreams: ['service'] } })
    expect(second.body.number).toBe(before + 2)
    const diff = await ask('GET', `/api/snapshots/${before + 2}/diff?from=${before + 1}`)
    expect(diff.body.diff.entries).toMatchObject([{ noun: 'upstream', change: 'changed' }])

    const back = await ask('POST', `/api/snapshots/${before + 1}/rollback`, { body: { note: 'b is broken' } })
    expect(back.status).toBe(200)
    expect((await ask('GET', '/api/status')).body.snapshot).toBe(before + 1)
    const list = await ask('GET', '/api/snapshots')
    const summary = list.body.items.map((s: { number: number; isCurrent: boolean }) => [
      s.number,
      s.isCurrent,
    ])
    expect(summary.slice(0, 2)).toEqual([
      [before + 2, false],
      [before + 1, true],
    ])

    const trail = await ask('GET', '/api/audit?noun=snapshot')
    expect(trail.body.items.map((e: { action: string }) => e.action)).toEqual(
      expect.arrayContaining(['rollback', 'publish']),
    )
  })

  test('a document with faults changes nothing and says where they are', async () => {
    const { ask } = admin
    const [version] = (await ask('GET', '/api/versions')).body.items
    const path = `/api/versions/${version.id}`
    const refused = await ask('PUT', `${path}/document`, { bytes: 'openapi: 3.0.0\npaths: [', ifMatch: '*' })
    expect([refused.status, refused.body.code]).toEqual([422, 'document-invalid'])
    expect(refused.body.errors[0]).toMatchObject({ line: expect.any(Number) })
    expect((await ask('GET', path)).body).toEqual(version)
  })

  test('an older revision can be used again', async () => {
    const { ask } = admin
    const [version] = (await ask('GET', '/api/versions')).body.items
    const path = `/api/versions/${version.id}`
    await ask('PUT', `${path}/document`, { bytes: paymentsYaml.replace('/payment:', '/pay:'), ifMatch: '*' })
    const revisions = (await ask('GET', `${path}/revisions`)).body.items
    expect(revisions.map((r: { number: number }) => r.number)).toEqual([1, 2])
    expect(revisions[0].document.operations).toBeUndefined()
    const used = await ask('POST', `${path}/revisions/1/use`)
    expect(used.body.revision).toBe(1)
    expect((await ask('GET', `${path}/document`)).text).toBe(paymentsYaml)
    expect((await ask('GET', `${path}/revisions/2/document`)).text).toContain('/pay:')
    expect((await ask('GET', `${path}/revisions/7`)).status).toBe(404)
  })

  test('operations are shown with the policies that apply and where they come from', async () => {
    const { ask } = admin
    const [version] = (await ask('GET', '/api/versions')).body.items
    const path = `/api/versions/${version.id}`
    const changed = await ask('PUT', path, {
      body: {
        ...version,
        policies: { 'rate-limit': { limit: 10 } },
        operations: { getBalance: { policies: { 'rate-limit': null }, scopes: ['x'] } },
      },
      ifMatch: '*',
    })
    expect(changed.status).toBe(200)
    const { items } = (await ask('GET', `${path}/operations`)).body
    const limits = items.map((item: { policies: { name: string }[] }) =>
      item.policies.find(({ name }) => name === 'rate-limit'),
    )
    expect(limits).toMatchObject([
      { source: 'version', config: { limit: 10 } },
      { source: 'operation', config: null },
    ])
    expect(items[1].scopes).toEqual([['x']])
    await ask('PUT', path, { body: { ...version, operations: { getBalance: { scopes: [] } } }, ifMatch: '*' })
    expect((await ask('GET', `${path}/operations`)).body.items[1].scopes).toEqual([])
  })
})

describe('credentials', () => {
  test('are shown once, rotate with overlap, and end', async () => {
    const { ask } = admin
    const partner = (await ask('POST', '/api/partners', { body: { name: 'acme', title: 'Acme' } })).body
    const application = (
      await ask('POST', `/api/partners/${partner.id}/applications`, { body: { name: 'shop', title: 'Shop' } })
    ).body
    const made = await ask('POST', `/api/applications/${application.id}/credentials`, {
      body: { kind: 'api-key', environment: 'live' },
    })
    expect(made.status).toBe(201)
    expect(made.body.secret).toMatch(/^pgk_live_/)
    const path = made.headers.get('location')!
    const rotated = await ask('POST', `${path}/rotate`, { body: { overlapSeconds: 60 } })
    expect(rotated.body.secret).not.toBe(made.body.secret)
    expect(rotated.body.credential.secrets).toHaveLength(2)

    const seen = [await ask('GET', path), await ask('GET', `/api/applications/${application.id}/credentials`)]
    for (const { text } of seen) {
      expect(text).not.toContain('"hash"')
      expect(text).not.toContain(made.body.secret)
    }
    const revoked = await ask('POST', `${path}/revoke`)
    expect(revoked.body.revokedAt).toEqual(expect.any(Number))
    expect((await ask('POST', `${path}/rotate`, { body: { overlapSeconds: 0 } })).status).toBe(409)
    expect(admin.lines.join('')).not.toContain(made.body.secret)
    expect((await ask('GET', '/api/audit')).text).not.toContain(made.body.secret)
  })
})

describe('an upstream’s own credential', () => {
  test('is never shown, and stays when the record is sent back as it was read', async () => {
    const { ask } = admin
    const body = {
      name: 'sealed',
      targets: [{ id: 'a', url: 'http://127.0.0.1:9' }],
      credential: { header: 'authorization', value: 'Bearer very-secret-value-1234' },
    }
    await ask('POST', '/api/upstreams', { body })
    const read = await ask('GET', '/api/upstreams/sealed')
    expect(read.text).not.toContain('very-secret')
    const ifMatch = read.headers.get('etag')!
    const same = await ask('PUT', '/api/upstreams/sealed', { body: { ...read.body, title: 'x' }, ifMatch })
    expect([same.status, same.body.credential]).toEqual([200, read.body.credential])
    const moved = { ...same.body, credential: { ...same.body.credential, header: 'x-key' } }
    const refused = await ask('PUT', '/api/upstreams/sealed', { body: moved, ifMatch: '*' })
    expect(refused.body.errors[0].pointer).toBe('/credential/value')
    const gone = await ask('PUT', '/api/upstreams/sealed', {
      body: { ...same.body, credential: null },
      ifMatch: '*',
    })
    expect(gone.body.credential).toBeNull()
    expect((await ask('GET', '/api/snapshots/current')).text).not.toContain('sealedCredential')
  })
})
