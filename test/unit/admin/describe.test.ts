import { describe, expect, test } from '@jest/globals'
import { describeRoutes } from '../../../admin/describe.ts'
import { createMetrics } from '../../../admin/metrics.ts'
import { allRoutes } from '../../../admin/routes.ts'
import { readDocument } from '../../../registry/openapi/index.ts'

const routes = allRoutes(createMetrics())
const document = describeRoutes(routes)
const operations = Object.entries(document.paths!).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ key: `${method} ${path}`, operation })),
)

describe('the admin API’s own document', () => {
  test('holds every route of the table, and no other', () => {
    const keys = operations.map(({ key }) => key)
    expect(keys.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort())
  })

  test('passes our own import without an error', async () => {
    const read = await readDocument(Buffer.from(JSON.stringify(document)), {
      maxBytes: 10_000_000,
      timeoutMs: 20_000,
    })
    expect(read.findings.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(read.operations).toHaveLength(routes.length)
    expect(read.dialect).toBe('3.1')
  })

  test('gives every operation an id of its own, a summary, an answer and its refusals', () => {
    const ids = new Set(routes.map(({ id }) => id))
    expect(ids.size).toBe(routes.length)
    for (const { key, operation } of operations) {
      expect([key, operation.summary]).toEqual([key, expect.stringMatching(/\.$/)])
      const guarded = operation.security === undefined
      expect([key, Object.keys(operation.responses)]).toEqual([
        key,
        expect.arrayContaining(guarded ? ['401'] : [expect.stringMatching(/^20[04]$/)]),
      ])
    }
  })

  test('asks for If-Match on every change of a record', () => {
    for (const { key, operation } of operations) {
      const names = (operation.parameters ?? []).map(({ name }: { name: string }) => name)
      expect([key, names.includes('If-Match')]).toEqual([key, /^(put|delete) /.test(key)])
    }
  })

  test('describes every parameter of a query', () => {
    for (const { key, operation } of operations)
      for (const { in: place, name, description, schema } of operation.parameters ?? [])
        if (place === 'query')
          expect([key, name, description ?? schema.description]).toEqual([key, name, expect.any(String)])
  })

  test('shows no hash and no sealed secret', () => {
    expect(JSON.stringify(document.components)).not.toMatch(
      /"hash":|sealedCredential|sealedPrivateJwk|sealedClientSecret/,
    )
  })
})
