import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { operationSlice } from '../../../registry/documentation.ts'
import { exampleAnswers, exampleRequest } from '../../../registry/openapi/example.ts'
import { readDocument } from '../../../registry/openapi/index.ts'
import { checkRefs } from '../../../registry/openapi/refs.ts'
import { publishedDocument } from '../../../registry/openapi/rewrite.ts'
import type { Tree } from '../../../registry/openapi/tree.ts'
import type { Registry } from '../../../registry/store.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

const folder = join(import.meta.dirname, '../../../../shared/specs')
const limits = { maxBytes: 20_000_000, timeoutMs: 60_000 }
const readFile = (name: string) => readDocument(readFileSync(join(folder, name)), limits)

if (existsSync(folder)) {
  test('every real document comes in: 940 operations in all, each finding with its line', async () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
    const documents = await Promise.all(names.map(readFile))
    for (const document of documents) {
      expect(new Set(document.operations.map((o) => o.id)).size).toBe(document.operations.length)
      expect(document.findings.filter((f) => f.pointer && !f.line)).toEqual([])
    }
    expect(documents.reduce((sum, { operations }) => sum + operations.length, 0)).toBe(940)
  }, 120_000)

  test.each([
    'petstore-expanded.swagger20.yaml',
    'petstore-expanded.oas30.yaml',
    'obuk-vrp-v4.0.oas30.yaml',
    'adyen-checkout-v71.oas31.yaml',
  ])(
    '%s is as sound for partners as it came in',
    async (name) => {
      const before = await readFile(name)
      const bytes = readFileSync(join(folder, name))
      const published = await publishedDocument(
        bytes,
        { serverUrl: 'http://gateway.example/base/v1' },
        limits,
      )
      const after = await readDocument(Buffer.from(JSON.stringify(published)), limits)
      expect(after.servers).toEqual(['http://gateway.example/base/v1'])
      expect(after.operations.map((o) => [o.id, o.scopes])).toEqual(
        before.operations.map((o) => [o.id, o.scopes]),
      )
      expect(after.operations.some((o) => o.isAnonymous)).toBe(false)
      expect(after.findings.map((f) => f.message)).toEqual(before.findings.map((f) => f.message))
    },
    60_000,
  )

  describe('pages of', () => {
    let r: Registry
    beforeAll(async () => {
      r = await testRegistry()
    })
    afterAll(stopSharedRedis)

    test.each([
      'petstore-expanded.swagger20.yaml',
      'obuk-vrp-v4.0.oas30.yaml',
      'adyen-checkout-v71.oas31.yaml',
      'stripe-2018-05-21.swagger20.yaml',
      'stripe-2022-11-15.oas30.yaml',
    ])(
      '%s stay below 100 KB, each is sound by itself and has an example of its answer',
      async (name) => {
        const { sha256, operations } = await readFile(name)
        await r.redis.set(r.keys.document(sha256), readFileSync(join(folder, name)))
        for (const operation of operations) {
          const view = { serverUrl: 'http://gateway.example/v1' }
          const { document } = await operationSlice(r, sha256, operation, view, limits)
          expect(JSON.stringify(document).length).toBeLessThan(100_000)
          expect([operation.id, checkRefs(document)]).toEqual([operation.id, []])
          const paths = document.paths as Record<string, Record<string, Tree>>
          const written = paths[operation.path]![operation.method.toLowerCase()]!
          expect(() => JSON.stringify(exampleRequest(document, written))).not.toThrow()
          expect(exampleAnswers(document, written).every(({ text }) => text.length < 60_000)).toBe(true)
        }
      },
      120_000,
    )
  })
} else {
  test.skip('real documents come in (skipped: the folder ../shared/specs is not here)', () => {})
}
