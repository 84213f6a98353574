import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { linkAudit, verifyAudit } from '../../../registry/audit-chain.ts'
import { createPartner } from '../../../registry/partners.ts'
import type { Registry } from '../../../registry/store.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor } from './fixtures.ts'

let r: Registry & { close(): Promise<void> }
let ahead: number
beforeEach(async () => {
  ahead = 0
  r = { ...(await testRegistry()), now: () => Date.now() + ahead }
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

async function write(count: number) {
  for (let i = 0; i < count; i++) {
    const name = `p${Math.random().toString(36).slice(2, 12)}`
    await createPartner(r, actor, { name, title: 'P' })
  }
}
const entries = async () => r.redis.xrange(r.keys.audit(), '-', '+')
/** As somebody does who can write to Redis. */
async function rewritten(change: (entries: [id: string, json: string][]) => [id: string, json: string][]) {
  const changed = change((await entries()).map(([id, [, json = '']]) => [id, json]))
  await r.redis.del(r.keys.audit())
  for (const [id, json] of changed) await r.redis.xadd(r.keys.audit(), id, 'json', json)
}

describe('the chain of the audit', () => {
  test('is whole where nobody meddled, and of nothing', async () => {
    expect(await verifyAudit(r)).toMatchObject({ isWhole: true, linked: 0, head: null })
    await write(3)
    const whole = await verifyAudit(r)
    expect(whole).toMatchObject({ isWhole: true, broken: null, linked: 3, pending: 0, late: null })
    await write(2)
    expect(await verifyAudit(r, whole.head!.link)).toMatchObject({ isWhole: true, linked: 5 })
  })

  test('has more than one batch, and many who link it at the same time', async () => {
    await write(30)
    const pipeline = r.redis.pipeline()
    for (let i = 0; i < 1_100; i++) pipeline.xadd(r.keys.audit(), '*', 'json', `{"at":${i}}`)
    await pipeline.exec()
    await Promise.all(Array.from({ length: 8 }, () => linkAudit(r)))
    expect(await verifyAudit(r)).toMatchObject({ isWhole: true, linked: 1_130 })
    expect(await r.redis.hlen(r.keys.auditLinks())).toBe(1_130)
  })

  test.each<[string, (all: [string, string][]) => [string, string][], number, string]>([
    [
      'an entry that says something else',
      (all) => all.map(([id, json], i) => [id, i === 2 ? json.replace('"P"', '"Q"') : json]),
      2,
      'changed',
    ],
    ['an entry that is gone', (all) => all.filter((_, i) => i !== 2), 3, 'changed'],
    ['a first entry that is gone', (all) => all.slice(1), 1, 'changed'],
    ['a last entry that is gone', (all) => all.slice(0, -1), 4, 'missing'],
    ['an entry that was put before the others', (all) => [['1-1', all[0]![1]], ...all], 0, 'unlinked'],
    [
      'two entries that have changed places',
      (all) => all.map(([id], i) => [id, all[i === 1 ? 2 : i === 2 ? 1 : i]![1]]),
      1,
      'changed',
    ],
  ])('breaks at %s', async (_what, change, at, reason) => {
    await write(5)
    await linkAudit(r)
    const before = (await entries()).map(([id]) => id)
    await rewritten(change)
    const { isWhole, broken } = await verifyAudit(r)
    expect([isWhole, broken!.reason]).toEqual([false, reason])
    expect(broken!.id).toBe(reason === 'unlinked' ? '1-1' : before[at])
  })

  test('breaks at a link that was made by somebody without the key', async () => {
    await write(3)
    await linkAudit(r)
    const [first] = (await entries())[0]!
    const { link } = (await verifyAudit(r)).head!
    await r.redis.hset(r.keys.auditLinks(), first, link)
    expect(await verifyAudit(r)).toMatchObject({ broken: { id: first, reason: 'changed' } })
  })

  test('that was cut off at its end is told by a link that was seen before', async () => {
    await write(2)
    const older = (await verifyAudit(r)).head!
    await write(2)
    const newer = (await verifyAudit(r)).head!
    await rewritten((all) => all.slice(0, 2))
    await r.redis.set(r.keys.auditHead(), JSON.stringify(older))
    expect(await verifyAudit(r)).toMatchObject({ isWhole: true, linked: 2 })
    expect(await verifyAudit(r, newer.link)).toMatchObject({ isWhole: false, broken: { reason: 'unseen' } })
  })

  test('that was begun anew later shows it: its entries were linked late', async () => {
    await write(3)
    await linkAudit(r)
    await rewritten((all) => all.map(([id, json]) => [id, json.replace('"P"', '"Q"')]))
    await r.redis.del(r.keys.auditHead(), r.keys.auditLinks())
    ahead = 600_000
    const [first] = (await entries())[0]!
    expect(await verifyAudit(r)).toMatchObject({ isWhole: true, late: { count: 3, firstId: first } })
  })

  test('is told apart by the key that it was made with', async () => {
    await write(2)
    await linkAudit(r)
    const other = { ...r, secrets: { ...r.secrets, hashKey: Buffer.alloc(32, 9) } }
    expect(await verifyAudit(other)).toMatchObject({ isWhole: false, broken: { reason: 'changed' } })
  })
})
