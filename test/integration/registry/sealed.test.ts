import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { listAudit } from '../../../registry/audit.ts'
import { kinds } from '../../../registry/kinds.ts'
import { openCredential, rewrapSecrets } from '../../../registry/sealed.ts'
import { gather, loadSnapshot, publish } from '../../../registry/snapshot.ts'
import { get, type Registry } from '../../../registry/store.ts'
import { createUpstream, getUpstream, updateUpstream } from '../../../registry/upstreams.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi } from './fixtures.ts'

let r: Registry & { close(): Promise<void> }
beforeEach(async () => {
  r = await testRegistry()
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

const value = 'Bearer bank-secret-1234567890'
const bank = { name: 'bank', targets: [{ id: 'one', url: 'http://127.0.0.1:1' }] }
const stored = async (id: string) => (await get(r, kinds.upstream, id)).value

describe('the credential of an upstream', () => {
  test('is kept sealed, hinted at, and opened only for its own upstream', async () => {
    const created = await createUpstream(r, actor, {
      ...bank,
      credential: { header: 'authorization', value },
    })
    expect(created.value.credential).toEqual({ header: 'authorization', hint: '…90' })
    expect(created.value).not.toHaveProperty('sealedCredential')
    const kept = await stored(created.value.id)
    expect(openCredential(r, kept)).toEqual({ header: 'authorization', value })
    expect(() => openCredential(r, { ...kept, id: 'ups_other' })).toThrow()
    expect(JSON.stringify(await listAudit(r))).not.toContain(kept.sealedCredential)
  })

  test('stays when it is not named, goes when it is null, and changes when it is given', async () => {
    const { value: upstream } = await createUpstream(r, actor, {
      ...bank,
      credential: { header: 'x-key', value },
    })
    await updateUpstream(r, actor, upstream.id, { ...bank, title: 'Bank' })
    expect(openCredential(r, await stored(upstream.id))?.value).toBe(value)
    await updateUpstream(r, actor, upstream.id, { ...bank, credential: { header: 'x-key', value: 'other' } })
    expect(openCredential(r, await stored(upstream.id))?.value).toBe('other')
    await updateUpstream(r, actor, upstream.id, { ...bank, credential: null })
    expect((await getUpstream(r, 'bank')).value.credential).toBeNull()
    expect(openCredential(r, await stored(upstream.id))).toBeUndefined()
  })

  test('is not presented at a new address by whoever may only edit addresses', async () => {
    const { value: upstream } = await createUpstream(r, actor, {
      ...bank,
      credential: { header: 'x-key', value },
    })
    const moved = { ...bank, targets: [...bank.targets, { id: 'two', url: 'http://127.0.0.1:2' }] }
    const refused = updateUpstream(r, actor, upstream.id, moved)
    await expect(refused).rejects.toMatchObject({
      code: 'input-invalid',
      errors: [{ pointer: '/targets/1/url' }],
    })
    expect((await getUpstream(r, 'bank')).value.targets).toHaveLength(1)
    await updateUpstream(r, actor, upstream.id, { ...moved, credential: { header: 'x-key', value } })
    const away = { ...bank, targets: [{ id: 'one', url: 'http://127.0.0.1:3' }] }
    await updateUpstream(r, actor, upstream.id, away, undefined, { mayMoveCredential: true })
    expect(openCredential(r, await stored(upstream.id))?.value).toBe(value)
  })

  test('is refused when no seal key is there to keep it', async () => {
    const poor = { ...r, secrets: { ...r.secrets, sealKeys: [] } }
    const refused = createUpstream(poor, actor, { ...bank, credential: { header: 'x-key', value } })
    await expect(refused).rejects.toMatchObject({ code: 'state-conflict' })
  })

  test('goes along in a snapshot, sealed, and the diff shows only that it changed', async () => {
    const { api, upstream } = await readyApi(r)
    const { name, targets } = upstream.value
    await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
    await updateUpstream(r, actor, upstream.value.id, {
      name,
      targets,
      credential: { header: 'x-key', value },
    })
    const { diff, next } = await gather(r, { apis: [api.value.id] })
    expect(openCredential(r, next.upstreams[0]!)?.value).toBe(value)
    expect(diff.entries[0]!.fields).toContainEqual({
      pointer: '/sealedCredential',
      before: null,
      after: '[sealed]',
    })
  })
})

describe('re-wrapping', () => {
  test('seals records and snapshots with the new key, so that the old one may go', async () => {
    const { api, upstream } = await readyApi(r)
    const { name, targets } = upstream.value
    await updateUpstream(r, actor, upstream.value.id, {
      name,
      targets,
      credential: { header: 'x-key', value },
    })
    await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
    await createUpstream(r, actor, bank)
    const fresh = { id: 'two', key: randomBytes(32) }
    const both = { ...r, secrets: { ...r.secrets, sealKeys: [fresh, ...r.secrets.sealKeys] } }
    const alone = { ...r, secrets: { ...r.secrets, sealKeys: [fresh] } }
    const before = await loadSnapshot(r, 1)
    expect(() => openCredential(alone, before!.upstreams[0]!)).toThrow('"one"')

    expect(await rewrapSecrets(both, actor)).toEqual({ examined: 2, rewrapped: 2 })
    expect(await rewrapSecrets(both, actor)).toEqual({ examined: 2, rewrapped: 0 })

    expect(openCredential(alone, await stored(upstream.value.id))?.value).toBe(value)
    const after = (await loadSnapshot(r, 1))!
    expect(openCredential(alone, after.upstreams[0]!)?.value).toBe(value)
    const { sealedCredential: _, ...rest } = after.upstreams[0]!
    expect({ ...after, upstreams: [] }).toEqual({ ...before, upstreams: [] })
    expect(before!.upstreams[0]).toMatchObject(rest)
  })

  test('stops with the name of a key that is missing', async () => {
    await createUpstream(r, actor, { ...bank, credential: { header: 'x-key', value } })
    const alone = { ...r, secrets: { ...r.secrets, sealKeys: [{ id: 'two', key: randomBytes(32) }] } }
    await expect(rewrapSecrets(alone, actor)).rejects.toThrow('"one"')
  })
})
