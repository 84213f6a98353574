import { describe, expect, test } from '@jest/globals'
import { type CompileParts, compileTable, type Table } from '../../../gateway/compile.ts'
import type { TargetPool } from '../../../gateway/http1/pool.ts'
import { createPools, slotKeys } from '../../../gateway/targets.ts'
import type { PublishedApi, SealedUpstream, Snapshot } from '../../../registry/model.ts'
import { UpstreamInput } from '../../../registry/model.ts'
import { emptySnapshot } from '../../../registry/snapshot.ts'
import { deps } from '../../support/policy-run.ts'

const upstream = (id: string) =>
  ({
    ...UpstreamInput.parse({ name: id, targets: [{ id: 't1', url: `http://${id}.example` }] }),
    id,
    sealedCredential: null,
  }) as SealedUpstream

const api = (name: string, upstreamId = 'u1', basePath = `/${name}`) =>
  ({
    id: name,
    name,
    policies: {},
    versions: [
      {
        id: `${name}-v1`,
        name: 'v1',
        routing: { by: 'path', basePath },
        upstreams: { live: upstreamId },
        policies: {},
        operations: {},
        routes: [
          { id: 'get', method: 'GET', path: '/things/{id}', scopes: [] },
          { id: 'root', method: 'GET', path: '/', scopes: [] },
        ],
      },
    ],
  }) as unknown as PublishedApi

const snapshotOf = (apis: PublishedApi[], more: Partial<Snapshot> = {}): Snapshot => ({
  ...emptySnapshot,
  apis,
  upstreams: [one, two],
  ...more,
})
const one = upstream('u1')
const two = upstream('u2')

/** A thread that compiles one table after the other, and closes the old one. */
function thread() {
  const closed: string[] = []
  const pools = createPools(
    (_, { url }) => ({ close: async () => void closed.push(url) }) as unknown as TargetPool,
  )
  let current: Table | undefined
  return {
    closed,
    async publish(snapshot: Snapshot, slotsFrom = 0): Promise<Table> {
      const keys = snapshot.upstreams.flatMap(slotKeys)
      const parts = {
        pools,
        slots: new Map(keys.map((key, i) => [key, slotsFrom + i])),
        shared: {},
        waiting: { enter: () => ({}), wake() {} },
        healthOf: () => ({}),
        retriesOf: () => ({}),
        openCredential: () => undefined,
        depsAt: () => deps(),
      } as unknown as CompileParts
      const old = current
      current = await compileTable(snapshot, parts, old)
      old?.close()
      return current
    },
  }
}

const entryAt = (table: Table, path: string) =>
  table.anyHost.find(path)?.value.byMethod.get('GET')?.[0]?.entry

describe('a table', () => {
  test('finds the routes of all versions, below their base paths', async () => {
    const table = await thread().publish(snapshotOf([api('a'), api('b'), api('deep', 'u2', '/x/y/z')]))
    expect(entryAt(table, '/a/things/7')?.route.apiId).toBe('a')
    expect(entryAt(table, '/b/')?.route.operation.id).toBe('root')
    expect(entryAt(table, '/x/y/z/things/7')?.upstreams.live?.id).toBe('u2')
    for (const path of ['/a', '/things/7', '/x/y/things/7']) expect(table.anyHost.find(path)).toBeUndefined()
  })

  test('takes over what did not change, and nothing else', async () => {
    const { publish } = thread()
    const kept = api('kept')
    const before = await publish(snapshotOf([kept, api('other')]))
    const after = await publish(snapshotOf([kept, api('other')]))
    expect(entryAt(after, '/kept/things/1')).toBe(entryAt(before, '/kept/things/1'))
    expect(entryAt(after, '/other/things/1')).not.toBe(entryAt(before, '/other/things/1'))
    expect(after.upstreams.get('u1')).toBe(before.upstreams.get('u1'))
  })

  test('does not take over what leads to an upstream that is another now', async () => {
    const { publish } = thread()
    const apis = [api('first'), api('second', 'u2')]
    const before = await publish(snapshotOf(apis))
    const after = await publish(snapshotOf(apis, { upstreams: [{ ...one, timeoutMs: 1 }, two] }))
    expect(entryAt(after, '/first/')?.upstreams.live?.settings.timeoutMs).toBe(1)
    expect(entryAt(after, '/second/')).toBe(entryAt(before, '/second/'))
  })

  test('does not take over an upstream whose counts lie elsewhere now', async () => {
    const { publish } = thread()
    const before = await publish(snapshotOf([]))
    const after = await publish(snapshotOf([]), 100)
    expect(after.upstreams.get('u1')).not.toBe(before.upstreams.get('u1'))
  })

  test('does not take over routes when the defaults of the gateway or a plan changed', async () => {
    const { publish } = thread()
    const apis = [api('a')]
    const tables = [
      await publish(snapshotOf(apis)),
      await publish(snapshotOf(apis, { policies: {} })),
      await publish(snapshotOf(apis, { plans: [] })),
    ]
    expect(new Set(tables.map((table) => entryAt(table, '/a/'))).size).toBe(3)
  })

  test('does not share what another version may be added to', async () => {
    const { publish } = thread()
    const above = api('above', 'u1', '/a')
    const before = await publish(snapshotOf([above]))
    const below = await publish(snapshotOf([above, api('below', 'u1', '/a/b')]))
    expect(entryAt(below, '/a/b/things/1')?.route.apiId).toBe('below')
    expect(entryAt(before, '/a/b/things/1')).toBeUndefined()
    expect(entryAt(await publish(snapshotOf([above])), '/a/b/things/1')).toBeUndefined()
  })

  test('keeps the connections that it took over, and closes those that nobody has', async () => {
    const { publish, closed } = thread()
    await publish(snapshotOf([api('a')]))
    await publish(snapshotOf([api('a')]))
    expect(closed).toEqual([])
    await publish(snapshotOf([api('a')], { upstreams: [one] }))
    expect(closed).toEqual(['http://u2.example'])
    await publish(snapshotOf([], { upstreams: [] }))
    expect(closed).toEqual(['http://u2.example', 'http://u1.example'])
  })

  test('leaves nothing behind when it cannot be compiled', async () => {
    const { publish, closed } = thread()
    await publish(snapshotOf([api('a')]))
    await expect(publish(snapshotOf([api('a', 'gone')]))).rejects.toThrow('gone')
    await publish(snapshotOf([], { upstreams: [] }))
    expect(closed).toEqual(['http://u1.example', 'http://u2.example'])
  })
})
