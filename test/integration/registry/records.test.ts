import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createApi,
  createVersion,
  deleteApi,
  documentText,
  findVersion,
  getApi,
  getRevision,
  getVersion,
  importDocument,
  listApis,
  listRevisions,
  listVersions,
  updateApi,
  updateVersion,
  useRevision,
} from '../../../registry/apis.ts'
import { listAudit } from '../../../registry/audit.ts'
import {
  createApplication,
  createPartner,
  deletePartner,
  listApplications,
} from '../../../registry/partners.ts'
import { deletePlan } from '../../../registry/plans.ts'
import { getSettings, putSettings } from '../../../registry/settings.ts'
import type { Registry } from '../../../registry/store.ts'
import { deleteUpstream } from '../../../registry/upstreams.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, document, limits, readyApi } from './fixtures.ts'

let r: Registry & { close(): Promise<void> }
beforeEach(async () => {
  r = await testRegistry()
})
afterEach(async () => {
  expect(await verifyRegistry(r)).toEqual([])
  await r.close()
})
afterAll(stopSharedRedis)

const payments = { name: 'payments', title: 'Payments' }

describe('a record', () => {
  test('is found by id and by name, with the defaults filled in', async () => {
    const created = await createApi(r, actor, payments)
    expect(created.value).toMatchObject({ ...payments, description: '', owner: '', labels: {}, policies: {} })
    expect(await getApi(r, created.value.id)).toEqual(created)
    expect(await getApi(r, 'payments')).toEqual(created)
    await expect(getApi(r, 'cards')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('is refused with pointers when its fields are not valid', async () => {
    const input = { name: 'No Spaces', title: '', colour: 'red' }
    const refused = await createApi(r, actor, input).catch((e) => e)
    expect(refused.code).toBe('input-invalid')
    expect(refused.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '',
      '/name',
      '/title',
    ])
  })

  test('is changed only by who has seen its last state', async () => {
    const { value, etag } = await createApi(r, actor, payments)
    const changed = await updateApi(r, actor, value.id, { ...payments, title: 'Pay' }, etag)
    expect(changed.etag).not.toBe(etag)
    await expect(updateApi(r, actor, value.id, payments, etag)).rejects.toMatchObject({
      code: 'precondition-failed',
    })
    await expect(deleteApi(r, actor, value.id, etag)).rejects.toMatchObject({ code: 'precondition-failed' })
    expect((await getApi(r, value.id)).value.title).toBe('Pay')
    await deleteApi(r, actor, value.id, changed.etag)
    await expect(updateApi(r, actor, value.id, payments)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('takes one of many changes made at once on the same state, and all that ask for no state', async () => {
    const { value, etag } = await createApi(r, actor, payments)
    const change = (i: number, ifMatch?: string) =>
      updateApi(r, actor, value.id, { ...payments, title: `${i}` }, ifMatch)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => change(i, etag)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await Promise.all(Array.from({ length: 10 }, (_, i) => change(i)))
    expect((await listAudit(r, { subject: value.id })).items).toHaveLength(12)
  })

  test('has its name for itself, also against one created at the same moment', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => createApi(r, actor, payments)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const cards = await createApi(r, actor, { name: 'cards', title: 'Cards' })
    await expect(updateApi(r, actor, cards.value.id, payments)).rejects.toMatchObject({ code: 'name-taken' })
    await updateApi(r, actor, cards.value.id, { name: 'loans', title: 'Loans' })
    await createApi(r, actor, { name: 'cards', title: 'Cards' })
  })

  test('shares its name with those inside other parents', async () => {
    const [one, two] = [
      await createPartner(r, actor, { name: 'one', title: 'One' }),
      await createPartner(r, actor, { name: 'two', title: 'Two' }),
    ]
    await createApplication(r, actor, one.value.id, { name: 'till', title: 'Till' })
    await createApplication(r, actor, 'two', { name: 'till', title: 'Till' })
    await expect(
      createApplication(r, actor, one.value.id, { name: 'till', title: 'Till' }),
    ).rejects.toMatchObject({ code: 'name-taken' })
    expect((await listApplications(r)).items).toHaveLength(2)
    expect((await listApplications(r, two.value.id)).items).toHaveLength(1)
    await expect(deletePartner(r, actor, one.value.id)).rejects.toMatchObject({ code: 'state-conflict' })
  })

  test('is not deleted while another refers to it', async () => {
    const { api, upstream, plan } = await readyApi(r)
    await expect(deleteApi(r, actor, api.value.id)).rejects.toMatchObject({ code: 'state-conflict' })
    await expect(deleteUpstream(r, actor, upstream.value.id)).rejects.toMatchObject({
      code: 'state-conflict',
    })
    await expect(deletePlan(r, actor, plan.value.id)).rejects.toMatchObject({ code: 'state-conflict' })
  })

  test('that another is to refer to must exist', async () => {
    const { version } = await readyApi(r)
    const { name, routing } = version.value
    const refused = updateVersion(r, actor, version.value.id, {
      name,
      routing,
      upstreams: { live: 'ups_none' },
      plans: ['plan_none'],
    })
    await expect(refused).rejects.toMatchObject({
      code: 'input-invalid',
      errors: [{ pointer: '/upstreams/live' }, { pointer: '/plans/0' }],
    })
  })
})

describe('a list', () => {
  test('comes in pages, oldest first, and can be filtered and searched', async () => {
    for (let i = 0; i < 25; i++)
      await createApi(r, actor, {
        name: `api-${i}`,
        title: i % 5 ? 'Odd' : 'Fifth',
        labels: { team: i < 5 ? 'a' : 'b' },
      })
    const names: string[] = []
    let after: string | null | undefined
    do {
      const page = await listApis(r, { limit: 10, ...(after ? { after } : {}) })
      names.push(...page.items.map(({ value }) => value.name))
      after = page.next
    } while (after)
    expect(names).toEqual(Array.from({ length: 25 }, (_, i) => `api-${i}`))
    expect((await listApis(r, { limit: 25 })).next).toBeNull()
    expect((await listApis(r, { search: 'fifTH' })).items).toHaveLength(5)
    expect((await listApis(r, { search: 'fifth', limit: 3 })).next).not.toBeNull()
    expect((await listApis(r, { filter: { labels: { team: 'a' } } })).items).toHaveLength(5)
    expect((await listApis(r, { filter: { name: 'api-7' } })).items).toHaveLength(1)
  })
})

describe('an import', () => {
  test('keeps the document byte for byte and becomes the current revision', async () => {
    const { version, api } = await readyApi(r)
    const bytes = Buffer.concat([document('/refund'), Buffer.from('\n\n')])
    const second = await importDocument(r, actor, version.value.id, bytes, limits, version.etag)
    expect(second.version.value.revision).toBe(2)
    expect(second.revision.value.document.operations.map(({ path }) => path)).toEqual(['/refund'])
    expect(await documentText(r, second.revision.value.document.sha256)).toEqual(bytes)
    expect(await documentText(r, '0'.repeat(64))).toBeUndefined()

    const back = await useRevision(r, actor, version.value.id, 1)
    expect(back.value.revision).toBe(1)
    const third = await importDocument(r, actor, version.value.id, bytes, limits)
    expect(third.revision.value.number).toBe(3)
    expect((await listRevisions(r, version.value.id)).items.map(({ value }) => value.number)).toEqual([
      1, 2, 3,
    ])
    expect((await getRevision(r, version.value.id, 2)).value.id).toBe(second.revision.value.id)
    await expect(useRevision(r, actor, version.value.id, 9)).rejects.toMatchObject({ code: 'not-found' })
    expect((await findVersion(r, 'payments', 'v1'))?.value.revision).toBe(3)
    expect(await findVersion(r, 'payments', 'v9')).toBeUndefined()
    expect((await listVersions(r, api.value.id)).items).toHaveLength(1)
  })

  test('of a broken document changes nothing', async () => {
    const { version } = await readyApi(r)
    const broken = importDocument(r, actor, version.value.id, Buffer.from('{"openapi": '), limits)
    await expect(broken).rejects.toMatchObject({ code: 'document-invalid' })
    expect(await getVersion(r, version.value.id)).toEqual(version)
  })

  test('made twice at once gives two revisions', async () => {
    const { version } = await readyApi(r)
    await Promise.all(
      ['/b', '/c'].map((path) => importDocument(r, actor, version.value.id, document(path), limits)),
    )
    expect((await listRevisions(r, version.value.id)).items.map(({ value }) => value.number)).toEqual([
      1, 2, 3,
    ])
  })
})

describe('the audit', () => {
  test('tells who changed what, before and after, newest first', async () => {
    const { value } = await createApi(r, { id: 'adm_ann' }, payments)
    await updateApi(r, { id: 'adm_bob' }, value.id, { ...payments, title: 'Pay' })
    await createVersion(r, actor, value.id, { name: 'v1', routing: { by: 'path', basePath: '' } })
    const { items } = await listAudit(r, { noun: 'api' })
    expect(items.map(({ action, actor, subject }) => [action, actor, subject])).toEqual([
      ['update', 'adm_bob', value.id],
      ['create', 'adm_ann', value.id],
    ])
    expect(items[0]).toMatchObject({ before: { title: 'Payments' }, after: { title: 'Pay' } })
    const page = await listAudit(r, { limit: 2 })
    const rest = await listAudit(r, { limit: 2, before: page.next! })
    expect([...page.items, ...rest.items]).toEqual((await listAudit(r)).items)
    expect((await listAudit(r, { actor: 'nobody' })).items).toEqual([])
  })
})

describe('the settings', () => {
  test('are empty at first, and then changed by who has seen them', async () => {
    const unset = await getSettings(r)
    expect(unset.value.policies).toEqual({})
    const set = await putSettings(r, actor, { policies: { cors: {} } }, unset.etag)
    await expect(putSettings(r, actor, { policies: {} }, unset.etag)).rejects.toMatchObject({
      code: 'precondition-failed',
    })
    expect(await getSettings(r)).toEqual(set)
  })
})
