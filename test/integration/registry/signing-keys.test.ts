import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { listAudit } from '../../../registry/audit.ts'
import { rewrapSecrets } from '../../../registry/sealed.ts'
import { retireSigningKey, rollOverSigningKey, tendSigningKeys } from '../../../registry/signing-key-life.ts'
import { createSigner, listSigningKeys } from '../../../registry/signing-keys.ts'
import type { Registry } from '../../../registry/store.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

const actor = { id: 'system' }
const day = 86_400_000
const life = { algorithm: 'ES256', maxAgeMs: 90 * day, aheadMs: day } as const

let r: Registry & { close(): Promise<void> }
let time: number
beforeEach(async () => {
  time = 1_000_000
  r = { ...(await testRegistry()), now: () => time }
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

const kidsOf = async () => (await listSigningKeys(r)).map(({ publicJwk }) => publicJwk.kid)

describe('signing keys', () => {
  test('begin with one, however many admin services start at the same time', async () => {
    const done = await Promise.all(Array.from({ length: 20 }, () => tendSigningKeys(r, actor, life)))
    expect(done.filter(({ made }) => made !== undefined)).toHaveLength(1)
    expect(await listSigningKeys(r)).toMatchObject([{ signsFrom: time, algorithm: 'ES256' }])
    expect(await verifyRegistry(r)).toEqual([])
  })

  test('roll over by age: published a day ahead, kept until the last token has expired, then gone', async () => {
    await tendSigningKeys(r, actor, life)
    const [first] = await kidsOf()
    time += 89 * day
    const [one] = await Promise.all([tendSigningKeys(r, actor, life), tendSigningKeys(r, actor, life)])
    expect(await kidsOf()).toHaveLength(2)
    const signer = createSigner(r)
    const keys = createLocalJWKSet((await signer.jwks()) as never)
    const kidOf = async () =>
      (await jwtVerify(await signer.sign({}, { typ: 'jwt' }), keys)).protectedHeader.kid
    expect(await kidOf()).toBe(first)
    time += day
    const [, second] = await kidsOf()
    expect(await kidOf()).toBe(second)
    time += day + 299_999
    expect((await tendSigningKeys(r, actor, life)).pruned).toEqual([])
    time += 1
    expect((await tendSigningKeys(r, actor, life)).pruned).toHaveLength(1)
    expect(await kidsOf()).toEqual([second])
    expect(one.pruned).toEqual([])
  })

  test('roll over on demand once, whoever asks how often, and at once where it is urgent', async () => {
    await tendSigningKeys(r, actor, life)
    const ask = (isImmediate: boolean) => rollOverSigningKey(r, actor, life, { isImmediate })
    const asked = await Promise.all(Array.from({ length: 10 }, () => ask(false)))
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1)
    expect(asked[0]!.signsFrom).toBe(time + day)
    const urgent = await ask(true)
    expect(urgent).toMatchObject({ id: asked[0]!.id, signsFrom: time })
    const { kid } = urgent.publicJwk
    const token = await createSigner(r).sign({}, { typ: 'jwt' })
    expect(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())).toMatchObject({ kid })
  })

  test('are retired, but not the one that signs; what it has signed is then not ours any more', async () => {
    await tendSigningKeys(r, actor, life)
    const signer = createSigner(r)
    const token = await signer.sign({ a: 1 }, { typ: 'at+jwt' })
    expect(await signer.verify(token, { typ: 'at+jwt' })).toEqual({ a: 1 })
    expect(await signer.verify(token, { typ: 'jwt' })).toBeUndefined()
    const [first] = await listSigningKeys(r)
    await expect(retireSigningKey(r, actor, first!.id)).rejects.toMatchObject({ code: 'state-conflict' })
    await expect(retireSigningKey(r, actor, 'key_none')).rejects.toMatchObject({ code: 'not-found' })
    time++
    await rollOverSigningKey(r, actor, life, { isImmediate: true })
    await retireSigningKey(r, actor, first!.id)
    signer.forget()
    expect(await signer.verify(token, { typ: 'at+jwt' })).toBeUndefined()
    const actions = (await listAudit(r)).items.map(({ action }) => action)
    expect(actions).toEqual(['retire', 'roll-over', 'create'])
  })

  test('are sealed anew with the others, so that the old seal key may go', async () => {
    await tendSigningKeys(r, actor, life)
    const fresh = { id: 'two', key: randomBytes(32) }
    const both = { ...r, secrets: { ...r.secrets, sealKeys: [fresh, ...r.secrets.sealKeys] } }
    const alone = { ...r, secrets: { ...r.secrets, sealKeys: [fresh] } }
    await expect(createSigner(alone).sign({}, { typ: 'jwt' })).rejects.toThrow('"one"')
    expect(await rewrapSecrets(both, actor)).toEqual({ examined: 1, rewrapped: 1 })
    expect(await createSigner(alone).sign({}, { typ: 'jwt' })).toMatch(/^ey/)
    const { sealedPrivateJwk } = (await listSigningKeys(r))[0]!
    expect(JSON.stringify(await listAudit(r))).not.toContain(sealedPrivateJwk)
  })

  test('are refused in words where no seal key is there to keep them', async () => {
    const poor = { ...r, secrets: { ...r.secrets, sealKeys: [] } }
    const refused = rollOverSigningKey(poor, actor, life, { isImmediate: false })
    await expect(refused).rejects.toMatchObject({ code: 'state-conflict' })
  })

  test('go on serving while the store is away', async () => {
    await tendSigningKeys(r, actor, life)
    const signer = createSigner(r)
    const token = await signer.sign({ a: 1 }, { typ: 'jwt' })
    signer.forget()
    const { redis } = r
    redis.disconnect()
    expect(await signer.verify(token, { typ: 'jwt' })).toEqual({ a: 1 })
    expect(await signer.sign({}, { typ: 'jwt' })).toMatch(/^ey/)
  })
})
