import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { readDocument } from '../../../registry/openapi/index.ts'
import { publishedDocument } from '../../../registry/openapi/rewrite.ts'
import { apiDocument, operation, read } from '../../support/openapi.ts'

describe('reading a document in its thread', () => {
  test('gives operations and no finding for a sound document', async () => {
    const document = await read(apiDocument())
    expect(document).toMatchObject({ dialect: '3.0', format: 'json', findings: [] })
    expect(document.operations).toHaveLength(1)
  })

  test('reports what the specification has against it, with places', async () => {
    const parameters = [{ name: 'n', in: 'query', schema: { $ref: '#/components/schemas/N' } }]
    const document = await read(
      apiDocument({
        info: { version: '1' },
        paths: { '/pay': { post: operation({ parameters, respnses: {} }) } },
        components: { schemas: { N: { type: 'numbr' } } },
      }),
    )
    expect(document.findings.map((f) => [f.severity, f.code, f.pointer, f.line])).toEqual([
      ['error', 'invalid', '/info', 3],
      ['error', 'invalid', '/paths/~1pay/post/respnses', 23],
      ['error', 'invalid', '/components/schemas/N/type', 30],
    ])
    expect(document.findings[1]!.message).toMatch(/respnses/)
  })

  test('reports parameters that do not fit their path, with places', async () => {
    const parameters = [{ name: 'other', in: 'path', required: true, schema: { type: 'string' } }]
    const document = await read(apiDocument({ paths: { '/pay/{id}': { get: operation({ parameters }) } } }))
    expect(document.findings.length).toBeGreaterThan(0)
    for (const finding of document.findings)
      expect(finding).toMatchObject({
        severity: 'error',
        pointer: expect.stringMatching(/^\/paths\/~1pay~1{id}/),
      })
  })

  test('says that OpenAPI 3.2 was not fully checked', async () => {
    const document = await read(apiDocument({ openapi: '3.2.0' }))
    expect(document.findings.map((f) => f.code)).toEqual(['not-fully-checked'])
  })

  test('takes a version number without quotes', async () => {
    const document = await read(
      'swagger: 2.0\ninfo: {title: A, version: "1"}\npaths:\n  /a:\n    get: {responses: {200: {description: ok}}}\n',
    )
    expect(document).toMatchObject({ dialect: '2.0', findings: [] })
  })

  test('is refused over the size limit', async () => {
    const reading = readDocument(Buffer.from(JSON.stringify(apiDocument())), {
      maxBytes: 10,
      timeoutMs: 5_000,
    })
    await expect(reading).rejects.toMatchObject({
      code: 'document-invalid',
      errors: [{ detail: expect.stringMatching(/larger than 10 bytes/) }],
    })
  })

  test('is refused over the time limit', async () => {
    const reading = readDocument(Buffer.from(JSON.stringify(apiDocument())), {
      maxBytes: 10_000,
      timeoutMs: 1,
    })
    await expect(reading).rejects.toMatchObject({
      code: 'document-invalid',
      errors: [{ detail: expect.stringMatching(/longer than 1 ms/) }],
    })
  })

  test('comes in, not fully checked, when its references multiply beyond all measure', async () => {
    const schemas: Record<string, unknown> = { S0: { type: 'string' } }
    for (let i = 1; i <= 40; i++) {
      const $ref = `#/components/schemas/S${i - 1}`
      schemas[`S${i}`] = { type: 'object', properties: { a: { $ref }, b: { $ref } } }
    }
    const bytes = Buffer.from(JSON.stringify(apiDocument({ components: { schemas } })))
    const document = await readDocument(bytes, { maxBytes: 100_000, timeoutMs: 4_000 })
    expect(document.operations).toHaveLength(1)
    expect(document.findings.map((f) => f.code)).toEqual(['not-fully-checked'])
  })

  test('many at once all come back', async () => {
    const documents = await Promise.all([1, 2, 3, 4, 5].map(() => read(apiDocument())))
    expect(documents.every((d) => d.operations.length === 1)).toBe(true)
  })
})

describe('references out of the document', () => {
  test('are never followed: no request, no file', async () => {
    let requests = 0
    const server = createServer((_, res) => {
      requests++
      res.end('{}')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const document = apiDocument({
      paths: {
        '/a': { $ref: `${origin}/path.yaml` },
        '/b': { get: operation({ responses: { 200: { $ref: `${origin}/answer.json#/x` } } }) },
        '/c': { $ref: 'file:///etc/hostname' },
        '/d': {
          get: operation({ responses: { 200: { $ref: '/etc/hostname' }, 400: { $ref: '../package.json' } } }),
        },
      },
      components: {
        schemas: { S: { $ref: `//127.0.0.1:${new URL(origin).port}/s`, externalDocs: { url: origin } } },
      },
    })
    try {
      const { operations, findings } = await read(document)
      const published = JSON.stringify(
        await publishedDocument(Buffer.from(JSON.stringify(document)), { serverUrl: origin }),
      )
      expect(operations.map((o) => o.path)).toEqual(['/b', '/d'])
      expect(findings.filter((f) => f.code === 'ref-external')).toHaveLength(6)
      expect(published).toContain('file:///etc/hostname')
      expect(requests).toBe(0)
    } finally {
      server.close()
    }
  })
})
