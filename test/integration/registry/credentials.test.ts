import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createAdminToken,
  findAdminToken,
  listAdminTokens,
  revokeAdminToken,
} from '../../../registry/admin-tokens.ts'
import { updateVersion } from '../../../registry/apis.ts'
import {
  createCredential,
  findClient,
  findIdentityBySecret,
  findIdentityByToken,
  getCredential,
  lastUsed,
  listCredentials,
  revokeCredential,
  rotateCredential,
  touchCredentials,
} from '../../../registry/credentials.ts'
import {
  createSubscription,
  deleteApplication,
  deleteSubscription,
  updateApplication,
  updatePartner,
  updateSubscription,
} from '../../../registry/partners.ts'
import { publish } from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { findToken, issueToken, revokeToken } from '../../../registry/tokens.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi, readyPartner } from './fixtures.ts'

let r: Registry & { close(): Promise<void>; now: () => number }
let now: number
beforeEach(async () => {
  now = Date.now()
  r = { ...(await testRegistry()), now: () => now }
})
afterEach(async () => {
  expect(await verifyRegistry(r)).toEqual([])
  await r.close()
})
afterAll(stopSharedRedis)

async function till() {
  const { api, version, plan } = await readyApi(r)
  const shop = await readyPartner(r, version.value, plan.value.id)
  return { api, version, plan, ...shop }
}
const key = (secret: string) => findIdentityBySecret(r, 'api-key', secret)

describe('settings of an OAuth client', () => {
  test('that contradict its profile are refused, each with its place', async () => {
    const { application } = await till()
    const asked = { kind: 'oauth-client', environment: 'live', oauth: { profile: 'fapi2' } } as const
    await expect(createCredential(r, actor, application.value.id, asked)).rejects.toMatchObject({
      code: 'input-invalid',
      errors: [{ pointer: '/oauth/authentication' }, { pointer: '/oauth/senderConstraint' }],
    })
    expect((await listCredentials(r, application.value.id)).items).toEqual([])
  })

  test('are not for an API key', async () => {
    const { application } = await till()
    const asked = { kind: 'api-key', environment: 'live', oauth: {} } as const
    await expect(createCredential(r, actor, application.value.id, asked)).rejects.toMatchObject({
      code: 'input-invalid',
      errors: [{ pointer: '/oauth' }],
    })
  })
})

describe('an API key', () => {
  test('proves who calls and what they subscribed to', async () => {
    const { application, partner, version, plan } = await till()
    const { credential, secret } = await createCredential(r, actor, application.value.id, {
      kind: 'api-key',
      environment: 'live',
    })
    expect(secret).toMatch(/^pgk_live_[0-9A-Za-z]{38}$/)
    expect(await key(secret)).toEqual({
      partnerId: partner.value.id,
      applicationId: application.value.id,
      credentialId: credential.value.id,
      secretId: credential.value.secrets[0]!.id,
      environment: 'live',
      kind: 'api-key',
      scopes: null,
      subscriptions: [{ versionId: version.value.id, planId: plan.value.id, scopes: null }],
      expiresAt: null,
      grant: null,
    })
    expect(await findIdentityBySecret(r, 'client-secret', secret)).toBeUndefined()
    expect(await key(`${secret.slice(0, -1)}?`)).toBeUndefined()
  })

  test('goes on through the overlap of a rotation and ends with it, the new one at its side', async () => {
    const { application } = await till()
    const first = await createCredential(r, actor, application.value.id, {
      kind: 'api-key',
      environment: 'sandbox',
    })
    const { id } = first.credential.value
    const second = await rotateCredential(r, actor, id, { overlapSeconds: 60 }, first.credential.etag)
    expect(await key(first.secret)).toMatchObject({ expiresAt: now + 60_000 })
    expect(await key(second.secret)).toMatchObject({ expiresAt: null })
    now += 60_000
    expect(await key(first.secret)).toBeUndefined()
    expect(await key(second.secret)).toBeDefined()
    const third = await rotateCredential(r, actor, id, { overlapSeconds: 0 })
    expect(third.credential.value.secrets).toHaveLength(1)
    expect(await key(second.secret)).toBeUndefined()
    expect(await key(third.secret)).toBeDefined()
  })

  test('is refused once revoked, and stays in the list', async () => {
    const { application } = await till()
    const { credential, secret } = await createCredential(r, actor, application.value.id, {
      kind: 'api-key',
      environment: 'live',
    })
    await revokeCredential(r, actor, credential.value.id)
    await revokeCredential(r, actor, credential.value.id)
    expect(await key(secret)).toBeUndefined()
    expect((await listCredentials(r, application.value.id)).items).toHaveLength(1)
    await expect(
      rotateCredential(r, actor, credential.value.id, { overlapSeconds: 0 }),
    ).rejects.toMatchObject({ code: 'state-conflict' })
  })

  test('ends by itself at its time', async () => {
    const { application } = await till()
    const input = { kind: 'api-key', environment: 'live', expiresAt: now + 1000 } as const
    const { secret } = await createCredential(r, actor, application.value.id, input)
    expect(await key(secret)).toMatchObject({ expiresAt: now + 1000 })
    now += 1000
    expect(await key(secret)).toBeUndefined()
    await expect(createCredential(r, actor, application.value.id, input)).rejects.toMatchObject({
      code: 'input-invalid',
      errors: [{ pointer: '/expiresAt' }],
    })
  })

  test('is refused while its application or partner is suspended, and for ever when it is deleted', async () => {
    const { application, partner } = await till()
    const input = { kind: 'api-key', environment: 'live' } as const
    const { secret, credential } = await createCredential(r, actor, application.value.id, input)
    for (const isSuspended of [true, false]) {
      await updatePartner(r, actor, partner.value.id, { name: 'shop', title: 'Shop', isSuspended })
      expect((await key(secret)) === undefined).toBe(isSuspended)
    }
    for (const isSuspended of [true, false]) {
      await updateApplication(r, actor, application.value.id, { name: 'till', title: 'Till', isSuspended })
      expect((await key(secret)) === undefined).toBe(isSuspended)
    }
    await touchCredentials(r, new Map([[credential.value.id, now]]))
    await deleteApplication(r, actor, application.value.id)
    expect(await key(secret)).toBeUndefined()
    expect(await lastUsed(r, [credential.value.id])).toEqual(new Map())
    await expect(getCredential(r, credential.value.id)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('an access token', () => {
  async function client() {
    const { application, version, ...rest } = await till()
    const { credential, secret } = await createCredential(r, actor, application.value.id, {
      kind: 'oauth-client',
      environment: 'live',
    })
    const { id, partnerId, applicationId, environment } = credential.value
    const grant = { credentialId: id, partnerId, applicationId, environment, scopes: ['payments:write'] }
    const issue = () => issueToken(r, { ...grant, issuedAt: now, expiresAt: now + 3_600_000 })
    return { application, version, credential, secret, issue, ...rest }
  }

  test('proves its client, with the scopes it was issued for', async () => {
    const { issue, credential } = await client()
    const token = await issue()
    expect(token).toMatch(/^pgt_live_/)
    expect(await findIdentityByToken(r, token)).toMatchObject({
      credentialId: credential.value.id,
      kind: 'oauth-client',
      scopes: ['payments:write'],
      expiresAt: now + 3_600_000,
    })
    now += 3_600_000
    expect(await findToken(r, token)).toBeUndefined()
    expect(await findIdentityByToken(r, token)).toBeUndefined()
  })

  test('is refused once revoked, or once its client is', async () => {
    const { issue, credential } = await client()
    const [first, second] = [await issue(), await issue()]
    expect(await revokeToken(r, first)).toBe(true)
    expect(await revokeToken(r, first)).toBe(false)
    expect(await revokeToken(r, 'nonsense')).toBe(false)
    expect(await findIdentityByToken(r, first)).toBeUndefined()
    expect(await findIdentityByToken(r, second)).toBeDefined()
    await revokeCredential(r, actor, credential.value.id)
    expect(await findIdentityByToken(r, second)).toBeUndefined()
  })

  test('goes on when the client secret is rotated', async () => {
    const { issue, credential, secret } = await client()
    const token = await issue()
    await rotateCredential(r, actor, credential.value.id, { overlapSeconds: 0 })
    expect(await findIdentityBySecret(r, 'client-secret', secret)).toBeUndefined()
    expect(await findIdentityByToken(r, token)).toBeDefined()
  })

  test('expires in Redis by itself', async () => {
    const { issue } = await client()
    await issue()
    const [token] = await r.redis.keys(`${r.keys.prefix}token:*`)
    const leftMs = await r.redis.pttl(token!)
    expect(leftMs).toBeGreaterThan(3_590_000)
    expect(leftMs).toBeLessThanOrEqual(3_600_000)
  })

  test('may be asked for with the scopes of published versions, narrowed by subscription and credential', async () => {
    const { credential, api, subscription, version } = await client()
    const scopes = async () => (await findClient(r, credential.value.id))?.scopes
    expect(await scopes()).toEqual([])
    await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })
    expect(await scopes()).toEqual(['payments:write'])
    await updateSubscription(r, actor, subscription.value.id, {
      versionId: version.value.id,
      scopes: ['a', 'b'],
    })
    expect(await scopes()).toEqual(['a', 'b'])
    const narrow = await createCredential(r, actor, credential.value.applicationId, {
      kind: 'oauth-client',
      environment: 'live',
      scopes: ['b', 'c'],
    })
    expect((await findClient(r, narrow.credential.value.id))?.scopes).toEqual(['b'])
    await deleteSubscription(r, actor, subscription.value.id)
    expect(await scopes()).toEqual([])
    expect(await findClient(r, 'cred_unknown')).toBeUndefined()
  })
})

describe('a subscription', () => {
  test('is one for each version, and only under a plan that is on offer', async () => {
    const { application, version, plan } = await till()
    const { id } = application.value
    await expect(createSubscription(r, actor, id, { versionId: version.value.id })).rejects.toMatchObject({
      code: 'name-taken',
    })
    await expect(createSubscription(r, actor, id, { versionId: 'ver_none' })).rejects.toMatchObject({
      errors: [{ pointer: '/versionId' }],
    })
    await expect(
      createSubscription(r, actor, id, { versionId: version.value.id, planId: 'plan_none' }),
    ).rejects.toMatchObject({ errors: [{ pointer: '/planId' }] })
    const { name, routing } = version.value
    await expect(
      updateVersion(r, actor, version.value.id, { name, routing, plans: [] }),
    ).rejects.toMatchObject({ code: 'state-conflict' })
    expect(plan.value.name).toBe('payments-gold')
  })
})

describe('an admin token', () => {
  test('is found by its secret until it is revoked or expires, and never shows its hash', async () => {
    const input = { title: 'ci', permissions: ['publish' as const], expiresAt: now + 1000 }
    const { token, secret } = await createAdminToken(r, actor, input)
    expect(token.value).not.toHaveProperty('hash')
    expect(await findAdminToken(r, secret)).toEqual(token.value)
    expect((await listAdminTokens(r)).items[0]!.value).not.toHaveProperty('hash')
    now += 1000
    expect(await findAdminToken(r, secret)).toBeUndefined()
    now -= 1000
    await revokeAdminToken(r, actor, token.value.id)
    expect(await findAdminToken(r, secret)).toBeUndefined()
    expect(await findAdminToken(r, 'pga_guess')).toBeUndefined()
  })
})
