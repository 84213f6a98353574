import { describe, expect, test } from '@jest/globals'
import { createReader, cut } from '../../../gateway/snapshot-pieces.ts'
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
  upstreams: Array.from({ length: 50 }, (_, i) => ({ id: `u${i}` })),
  plans: [{ id: 'p1' }],
} as unknown as Snapshot

describe('a snapshot in pieces', () => {
  test('is the same when it is put together again', async () => {
    const read = createReader()
    expect(await read(cut(snapshot))).toEqual(snapshot)
    expect(await read(cut({ ...snapshot, plans: [], apis: [], upstreams: [] }))).toMatchObject({
      number: 7,
      plans: [],
      apis: [],
      upstreams: [],
    })
  })

  test('has no piece that takes long to read', () => {
    const pieces = cut(snapshot).apis[0]!
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(40_000)
    expect(pieces.length).toBeLessThan(15)
  })

  test('keeps the objects of what did not change, and only those', async () => {
    const read = createReader()
    const before = await read(cut(snapshot))
    const [a, none, b] = snapshot.apis
    const changed = {
      ...snapshot,
      number: 8,
      apis: [
        b!,
        { ...none!, title: 'new' },
        { ...a!, versions: [{ ...a!.versions[0]!, routes: [route(2)] }] },
      ],
      upstreams: [...snapshot.upstreams.slice(1), { ...snapshot.upstreams[0]!, name: 'new' }],
    }
    const after = await read(cut(changed))
    expect(after).toEqual(changed)
    expect(after.policies).toBe(before.policies)
    expect(after.plans).toBe(before.plans)
    expect(after.apis[0]).toBe(before.apis[2])
    expect(after.apis[1]).not.toBe(before.apis[1])
    expect(after.apis[2]).not.toBe(before.apis[0])
    expect(after.upstreams[0]).toBe(before.upstreams[1])
    expect(after.upstreams.at(-1)).not.toBe(before.upstreams[0])
  })
})
