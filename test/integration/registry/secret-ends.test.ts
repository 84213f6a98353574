import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createCredential,
  findIdentityBySecret,
  lastUsed,
  revokeCredential,
  rotateCredential,
  touchCredentials,
} from '../../../registry/credentials.ts'
import { createApplication, createPartner } from '../../../registry/partners.ts'
import { setSecretEnd } from '../../../registry/secret-ends.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor } from './fixtures.ts'

let r: Awaited<ReturnType<typeof testRegistry>>
let applicationId: string
beforeAll(async () => {
  r = await testRegistry()
  await createPartner(r, actor, { name: 'shop', title: 'Shop' })
  applicationId = (await createApplication(r, actor, 'shop', { name: 'till', title: 'Till' })).value.id
})
afterAll(async () => {
  await r.close()
  await stopSharedRedis()
})

const newKey = async () => {
  const { credential, secret } = await createCredential(r, actor, applicationId, {
    kind: 'api-key',
    environment: 'live',
  })
  return { id: credential.value.id, secretId: credential.value.secrets[0]!.id, secret }
}
const isGood = async (secret: string) => (await findIdentityBySecret(r, 'api-key', secret)) !== undefined

describe('the end of one secret', () => {
  test('comes sooner once nobody uses it, and its last use is forgotten with it', async () => {
    const { id, secretId, secret } = await newKey()
    const next = await rotateCredential(r, actor, id, { overlapSeconds: 86_400 })
    await touchCredentials(r, new Map([[secretId, 5]]))
    expect(await isGood(secret)).toBe(true)
    await setSecretEnd(r, actor, id, secretId, Date.now())
    expect([await isGood(secret), await isGood(next.secret)]).toEqual([false, true])
    expect((await lastUsed(r, [secretId])).size).toBe(0)
  })

  test('comes later for a partner that needs longer', async () => {
    const { id, secretId } = await newKey()
    await rotateCredential(r, actor, id, { overlapSeconds: 60 })
    const later = Date.now() + 86_400_000
    const { value } = await setSecretEnd(r, actor, id, secretId, later)
    expect(value.secrets.map(({ expiresAt }) => expiresAt)).toEqual([null, later])
  })

  test('does not come by mistake to the last one, nor again to one that is gone', async () => {
    const { id, secretId, secret } = await newKey()
    await expect(setSecretEnd(r, actor, id, secretId, 1)).rejects.toMatchObject({ code: 'state-conflict' })
    await expect(setSecretEnd(r, actor, id, 'sec_other', 1)).rejects.toMatchObject({ code: 'not-found' })
    await touchCredentials(r, new Map([[secretId, 5]]))
    await revokeCredential(r, actor, id)
    expect([await isGood(secret), (await lastUsed(r, [secretId])).size]).toEqual([false, 0])
    await expect(setSecretEnd(r, actor, id, secretId, null)).rejects.toMatchObject({ code: 'not-found' })
  })
})
