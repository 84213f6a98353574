import { describe, expect, test } from '@jest/globals'
import { cut, join } from '../../../gateway/snapshot-pieces.ts'
import type { Operation, PublishedApi, Snapshot } from '../../../registry/model.ts'

const route = (i: number) =>
  ({ id: `op${i}`, path: `/things-${i}/{id}`, summary: 'x'.repeat(100) }) as Operation
const routes = Array.from({ length: 1_000 }, (_, i) => route(i))
const operations = Object.fromEntries(routes.map(({ id }) => [id, { policies: { cors: null } }]))
const api = (id: string, versions: object[]) =>
  ({ id, policies: { cors: null }, versions }) as unknown as PublishedApi
const snapshot = {
  number: 7,
  createdAt: 1,
  createdBy: 'tester',
  note: 'a “note”',
  policies: { 'body-limit': { maxBytes: 1 } },
  apis: [
    api('a', [
      { id: 'a1', operations, routes },
      { id: 'a2', operations: {}, routes: [] },
    ]),
    api('none', []),
    api('b', [{ id: 'b1', operations: {}, routes: [route(1)] }]),
  ],
  upstreams: Array.from({ length: 500 }, (_, i) => ({ id: `u${i}`, name: 'y'.repeat(100) })),
  plans: [{ id: 'p1' }],
} as unknown as Snapshot

describe('a snapshot in pieces', () => {
  test('is the same when it is put together again', async () => {
    expect(await join(cut(snapshot))).toEqual(snapshot)
  })

  test('has no piece that takes long to read', () => {
    const lengths = cut(snapshot).map((piece) => piece.length)
    expect(Math.max(...lengths)).toBeLessThan(40_000)
    expect(lengths.length).toBeLessThan(20)
  })

  test('is refused without its beginning', async () => {
    await expect(join(cut(snapshot).slice(1))).rejects.toThrow('without its beginning')
  })
})
