import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createApi,
  createVersion,
  deleteApi,
  deleteVersion,
  getApi,
  getVersion,
  importDocument,
  updateApi,
  updateVersion,
} from '../../../registry/apis.ts'
import { listAudit } from '../../../registry/audit.ts'
import { updatePlan } from '../../../registry/plans.ts'
import { putSettings } from '../../../registry/settings.ts'
import {
  currentNumber,
  gather,
  listSnapshots,
  loadSnapshot,
  publish,
  rollback,
} from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { deleteUpstream, updateUpstream } from '../../../registry/upstreams.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, document, limits, readyApi } from './fixtures.ts'

const fine = { checkPolicy: () => [] }
let r: Registry & { close(): Promise<void> }
beforeEach(async () => {
  r = await testRegistry()
})
afterEach(async () => {
  expect(await verifyRegistry(r)).toEqual([])
  await r.close()
})
afterAll(stopSharedRedis)

describe('publish', () => {
  test('takes an API with what it depends on, and nobody else’s drafts', async () => {
    const { api, version, upstream, plan } = await readyApi(r)
    const other = await readyApi(r, 'cards')
    await publish(r, actor, { apis: [other.api.value.id] }, fine)
    await updateApi(r, actor, other.api.value.id, { name: 'cards', title: 'Half done' })

    const { snapshot, diff } = await publish(r, actor, { apis: [api.value.id] }, { ...fine, note: 'first' })

    expect(snapshot.number).toBe(2)
    expect(snapshot.apis.map(({ title }) => title).sort()).toEqual(['cards', 'payments'])
    const published = snapshot.apis.find(({ name }) => name === 'payments')!
    expect(published.versions[0]).toMatchObject({
      id: version.value.id,
      revision: 1,
      scopes: ['payments:write'],
    })
    expect(published.versions[0]!.routes.map(({ path }) => path)).toEqual(['/payment', '/a/{id}'])
    expect(snapshot.upstreams.map(({ id }) => id)).toContain(upstream.value.id)
    expect(snapshot.plans.map(({ id }) => id)).toContain(plan.value.id)
    expect(diff.entries.map(({ change, noun, name }) => `${change} ${noun} ${name}`)).toEqual([
      'added api payments',
      'added version payments v1',
      'added operation payments v1 post-payment',
      'added operation payments v1 post-a-id-',
      'added upstream payments-bank',
      'added plan payments-gold',
    ])
    expect(await currentNumber(r)).toBe(2)
    expect(await loadSnapshot(r, 2)).toEqual(snapshot)
    const [entry] = (await listAudit(r, { noun: 'snapshot' })).items
    expect(entry).toMatchObject({
      action: 'publish',
      actor: 'bootstrap',
      before: { number: 1 },
      after: { number: 2 },
    })
  })

  test('writes nothing in a dry run, and says what would change, field by field', async () => {
    const { api, upstream } = await readyApi(r)
    await publish(r, actor, { apis: [api.value.id] }, fine)
    await updateUpstream(r, actor, upstream.value.id, {
      name: 'payments-bank',
      strategy: 'weighted',
      targets: [{ id: 'one', url: 'http://127.0.0.1:8080', weight: 5 }],
    })

    const { diff, snapshot } = await publish(r, actor, { apis: [api.value.id] }, { ...fine, dryRun: true })

    expect(diff.entries).toEqual([
      expect.objectContaining({
        change: 'changed',
        noun: 'upstream',
        fields: [
          { pointer: '/strategy', before: 'round-robin', after: 'weighted' },
          { pointer: '/targets/0/weight', before: 1, after: 5 },
        ],
      }),
    ])
    expect(snapshot.number).toBe(2)
    expect(await currentNumber(r)).toBe(1)
    expect(await loadSnapshot(r, 2)).toBeUndefined()
  })

  test('names the other published APIs that a shared upstream or plan reaches', async () => {
    const { api, upstream, plan } = await readyApi(r)
    const cards = await createApi(r, actor, { name: 'cards', title: 'Cards' })
    const v1 = await createVersion(r, actor, cards.value.id, {
      name: 'v1',
      routing: { by: 'path', basePath: '/cards' },
      upstreams: { live: upstream.value.id },
      plans: [plan.value.id],
    })
    await importDocument(r, actor, v1.value.id, document('/top-up'), limits)
    await publish(r, actor, { apis: [api.value.id, cards.value.id] }, fine)
    await updatePlan(r, actor, plan.value.id, { name: 'payments-gold', title: 'Golden' })

    const { diff } = await gather(r, { apis: [api.value.id] })

    expect(diff.entries).toEqual([
      expect.objectContaining({ noun: 'plan', change: 'changed', sharedWith: ['cards'] }),
    ])
  })

  test('leaves out a version without a document and says so, but not the only one', async () => {
    const { api, upstream } = await readyApi(r)
    await createVersion(r, actor, api.value.id, {
      name: 'v2',
      routing: { by: 'path', basePath: '/v2' },
      upstreams: { live: upstream.value.id },
    })
    const { snapshot, findings } = await publish(r, actor, { apis: [api.value.id] }, fine)
    expect(snapshot.apis[0]!.versions.map(({ name }) => name)).toEqual(['v1'])
    expect(findings).toEqual([expect.objectContaining({ code: 'version-without-document' })])

    const empty = await createApi(r, actor, { name: 'empty', title: 'Empty' })
    await expect(publish(r, actor, { apis: [empty.value.id] }, fine)).rejects.toMatchObject({
      code: 'publish-refused',
      errors: [{ pointer: '/apis/empty' }],
    })
  })

  test('is refused with both names when two operations would answer to one address', async () => {
    const { api } = await readyApi(r)
    await publish(r, actor, { apis: [api.value.id] }, fine)
    const twin = await readyApi(r, 'twin', '/payments')
    await importDocument(r, actor, twin.version.value.id, document('/a/{key}'), limits)

    const refused = publish(r, actor, { apis: [twin.api.value.id] }, fine)

    await expect(refused).rejects.toMatchObject({ code: 'publish-refused' })
    const { errors } = await refused.catch((e) => e)
    expect(errors).toHaveLength(1)
    expect(errors[0].detail).toContain('payments v1 post-a-id-')
    expect(errors[0].detail).toContain('twin v1 post-a-key-')
    expect(await currentNumber(r)).toBe(1)
  })

  test('of twenty at once makes twenty numbers, and loses no change', async () => {
    const { api } = await readyApi(r)
    const ready = [api.value.id, (await readyApi(r, 'cards')).api.value.id]
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        publish(r, actor, { apis: [ready[i % 2]!] }, { ...fine, note: `${i}` }),
      ),
    )
    expect(await currentNumber(r)).toBe(20)
    expect((await loadSnapshot(r, 20))?.apis).toHaveLength(2)
    const first = await listSnapshots(r, { limit: 15 })
    const rest = await listSnapshots(r, { limit: 15, before: first.next! })
    expect([...first.items, ...rest.items].map(({ number }) => number)).toEqual(
      Array.from({ length: 20 }, (_, i) => 20 - i),
    )
    expect(rest.next).toBeNull()
  })

  test('withdraws an API with the upstreams and plans that nobody else uses', async () => {
    const { api } = await readyApi(r)
    await publish(r, actor, { apis: [api.value.id] }, fine)
    await expect(deleteApi(r, actor, api.value.id)).rejects.toMatchObject({ code: 'state-conflict' })
    const { snapshot } = await publish(r, actor, { withdraw: [api.value.id] }, fine)
    expect(snapshot).toMatchObject({ number: 2, apis: [], upstreams: [], plans: [] })
  })

  test('takes the gateway’s defaults along only when asked', async () => {
    const { api } = await readyApi(r)
    await putSettings(r, actor, { policies: { cors: {} } })
    const without = await publish(r, actor, { apis: [api.value.id] }, fine)
    expect(without.snapshot.policies).toEqual({})
    const settings = await publish(r, actor, { settings: true }, fine)
    expect(settings.snapshot.policies).toEqual({ cors: {} })
    expect(settings.diff.entries).toEqual([expect.objectContaining({ noun: 'settings', change: 'changed' })])
  })
})

describe('rollback', () => {
  test('points back to an older snapshot, on which the next publish builds under a new number', async () => {
    const { api, version } = await readyApi(r)
    await publish(r, actor, { apis: [api.value.id] }, fine)
    const cards = await readyApi(r, 'cards')
    await publish(r, actor, { apis: [cards.api.value.id] }, fine)

    const { snapshot } = await rollback(r, actor, 1, 'cards are broken')
    expect(snapshot.number).toBe(1)
    expect(await currentNumber(r)).toBe(1)

    const next = await publish(r, actor, { apis: [api.value.id] }, fine)
    expect(next.snapshot.number).toBe(3)
    expect(next.snapshot.apis.map(({ name }) => name)).toEqual(['payments'])
    expect(version.value.revision).toBe(1)
  })

  test('to a number that never was changes nothing', async () => {
    await expect(rollback(r, actor, 7)).rejects.toMatchObject({ code: 'not-found' })
    await expect(rollback(r, actor, 0)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('what is published', () => {
  test('cannot be deleted, nor what it stands on', async () => {
    const { api, version, upstream } = await readyApi(r)
    await publish(r, actor, { apis: [api.value.id] }, fine)
    await expect(deleteVersion(r, actor, version.value.id)).rejects.toMatchObject({ code: 'state-conflict' })
    const { routing, name } = (await getVersion(r, version.value.id)).value
    await updateVersion(r, actor, version.value.id, { name, routing })
    await expect(deleteUpstream(r, actor, upstream.value.id)).rejects.toMatchObject({
      code: 'state-conflict',
    })
    await publish(r, actor, { withdraw: [api.value.id] }, fine)
    await deleteVersion(r, actor, version.value.id)
    await deleteApi(r, actor, api.value.id)
    await deleteUpstream(r, actor, upstream.value.id)
    await expect(getApi(r, 'payments')).rejects.toMatchObject({ code: 'not-found' })
  })
})
