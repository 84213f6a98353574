import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { hashSecret } from '../../../registry/base/secrets.ts'
import { findConsent, rememberConsent, withdrawnAt } from '../../../registry/consents.ts'
import { createCredential, findIdentityByToken, revokeCredential } from '../../../registry/credentials.ts'
import {
  endAuthorization,
  endToken,
  endTokensOfApplication,
  endTokensOfClient,
  listAuthorizations,
  listTokens,
} from '../../../registry/live-tokens.ts'
import type { Credential } from '../../../registry/model.ts'
import type { Registry } from '../../../registry/store.ts'
import { findFamily, openFamily } from '../../../registry/token-families.ts'
import { findToken, issueToken, revokeToken } from '../../../registry/tokens.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi, readyPartner } from './fixtures.ts'

let r: Registry & { close(): Promise<void>; now: () => number }
let now: number
let applicationId: string
let client: Credential
beforeEach(async () => {
  now = Date.now()
  r = { ...(await testRegistry()), now: () => now }
  const { version, plan } = await readyApi(r)
  applicationId = (await readyPartner(r, version.value, plan.value.id)).application.value.id
  client = await newClient()
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

async function newClient(): Promise<Credential> {
  const input = { kind: 'oauth-client', environment: 'live' } as const
  return (await createCredential(r, actor, applicationId, input)).credential.value
}

const issue = (more: object = {}, of = client) => {
  const { id: credentialId, applicationId, partnerId, environment } = of
  const life = { issuedAt: now, expiresAt: now + 60_000 }
  return issueToken(r, { credentialId, applicationId, partnerId, environment, scopes: [], ...life, ...more })
}
const open = (subject = 'ada', more: object = {}, of = client) => {
  const { id: credentialId, applicationId, partnerId, environment } = of
  return openFamily(r, {
    ...{ credentialId, applicationId, partnerId, environment, subject, scopes: [], resources: [] },
    ...{ authorizationDetails: null, authenticatedAt: now, expiresAt: now + 600_000 },
    ...more,
  })
}
const ids = async (options = {}) => (await listTokens(r, applicationId, options)).items.map(({ id }) => id)

describe('the list of live tokens', () => {
  test('shows what each is for, and never the token or its whole hash', async () => {
    const family = await open()
    const token = await issue({
      scopes: ['a'],
      subject: 'ada',
      familyId: family.id,
      confirmation: { jkt: 'thumb' },
    })
    const { items } = await listTokens(r, applicationId)
    expect(items).toEqual([
      {
        ...{ id: expect.stringMatching(/^\d+-[\w-]{16}$/), credentialId: client.id, environment: 'live' },
        ...{ scopes: ['a'], subject: 'ada', issuedAt: now, expiresAt: now + 60_000 },
        ...{ authorizationId: family.id, binding: 'dpop' },
      },
    ])
    expect(JSON.stringify(items)).not.toContain(token)
  })

  test('is read page by page, each token once, also where hundreds end at the same moment', async () => {
    for (let i = 0; i < 450; i++) await issue()
    await issue({ expiresAt: now + 70_000 })
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listTokens(r, applicationId, { limit: 70, ...(after && { after }) })
      expect(page.items.length).toBeLessThanOrEqual(70)
      seen.push(...page.items.map(({ id }) => id))
      after = page.next ?? undefined
    } while (after)
    expect(new Set(seen).size).toBe(451)
    expect(seen).toHaveLength(451)
  })

  test('leaves out what was revoked, has expired, or stands on something that ended', async () => {
    const [gone, orphan] = [await newClient(), await open()]
    const kept = await issue({ expiresAt: now + 90_000 })
    await revokeToken(r, await issue())
    await issue({ expiresAt: now + 10 })
    await issue({}, gone)
    await issue({ familyId: orphan.id })
    await revokeCredential(r, actor, gone.id)
    await endAuthorization(r, actor, applicationId, orphan.id)
    now += 20
    expect(await ids()).toHaveLength(1)
    expect(await findToken(r, kept)).toBeDefined()
    // What was found dead is looked at no more: left are the one that lives and the one that revocation left behind.
    expect(await r.redis.zcard(r.keys.tokensOf(applicationId))).toBeLessThanOrEqual(2)
  })

  test('can be narrowed to a client and to a person', async () => {
    const other = await newClient()
    await issue({ subject: 'ada' })
    await issue({ subject: 'bob' })
    await issue({}, other)
    expect(await ids({ subject: 'ada' })).toHaveLength(1)
    expect(await ids({ credentialId: other.id })).toHaveLength(1)
    expect(await ids({ credentialId: client.id })).toHaveLength(2)
  })

  test('begins at no place that is none', async () => {
    await expect(listTokens(r, applicationId, { after: 'x' })).rejects.toMatchObject({
      code: 'input-invalid',
    })
    await expect(listTokens(r, 'app_none')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a live token', () => {
  test('ends by its id, and is no more to be found', async () => {
    const [one, two] = [await issue(), await issue({ expiresAt: now + 61_000 })]
    const [id] = await ids()
    await endToken(r, actor, applicationId, id!)
    expect([await findToken(r, one), await findToken(r, two)]).toEqual([undefined, expect.anything()])
    expect(await ids()).toHaveLength(1)
    await expect(endToken(r, actor, applicationId, id!)).rejects.toMatchObject({ code: 'not-found' })
    await expect(endToken(r, actor, applicationId, 'nonsense')).rejects.toMatchObject({ code: 'not-found' })
  })

  test('of another application cannot be ended', async () => {
    await issue()
    const [id] = await ids()
    await expect(endToken(r, actor, 'app_other', id!)).rejects.toMatchObject({ code: 'not-found' })
    expect(await ids()).toEqual([id])
  })
})

describe('what a person has allowed', () => {
  test('is listed, and ends with its tokens', async () => {
    const [ada, bob] = [await open('ada'), await open('bob')]
    const token = await issue({ familyId: ada.id, subject: 'ada' })
    const { items } = await listAuthorizations(r, applicationId)
    expect(items.map(({ subject }) => subject).sort()).toEqual(['ada', 'bob'])
    await endAuthorization(r, actor, applicationId, ada.id)
    expect(await findToken(r, token)).toBeUndefined()
    expect((await listAuthorizations(r, applicationId)).items.map(({ id }) => id)).toEqual([bob.id])
    for (const [app, id] of [
      [applicationId, ada.id],
      ['app_other', bob.id],
    ] as const)
      await expect(endAuthorization(r, actor, app, id)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('an authorization that an admin ends', () => {
  test('takes what is remembered of it along, and codes of that person and client that are out', async () => {
    const remembered = { scopes: [], since: now, until: now + 60_000 }
    for (const who of ['ada', 'bob']) await rememberConsent(r, who, client.id, remembered)
    const family = await open('ada')
    now += 10
    await endAuthorization(r, actor, applicationId, family.id)
    expect(await findConsent(r, 'ada', client.id)).toBeUndefined()
    expect(await withdrawnAt(r, 'ada', client.id)).toBe(now)
    expect(await findConsent(r, 'bob', client.id)).toBeDefined()
    expect(await withdrawnAt(r, 'bob', client.id)).toBe(0)
  })
})

describe('a token that was exchanged for one of an application itself', () => {
  test('ends with it, with its client, and with all that its client had', async () => {
    const service = await newClient()
    const exchangedFor = async (token: string) =>
      issue({ exchangedFor: [hashSecret(r.secrets.hashKey, token)] }, service)
    const [one, two] = [await issue(), await issue()]
    const [ofOne, ofTwo] = [await exchangedFor(one), await exchangedFor(two)]
    expect(await findIdentityByToken(r, ofOne)).toBeDefined()
    await revokeToken(r, one)
    expect(await findToken(r, ofOne)).toBeUndefined()
    expect(await findIdentityByToken(r, ofTwo)).toBeDefined()
    await endTokensOfClient(r, actor, client.id)
    expect(await findIdentityByToken(r, ofTwo)).toBeUndefined()
  })
})

describe('all that a client has', () => {
  test('ends, with what people have allowed it; it can get new ones, and others keep theirs', async () => {
    const other = await newClient()
    const [mine, theirs] = [await issue(), await issue({}, other)]
    const [family, foreign] = [await open(), await open('ada', {}, other)]
    await endTokensOfClient(r, actor, client.id)
    expect(await findIdentityByToken(r, mine)).toBeUndefined()
    expect(await findFamily(r, family.id)).toBeUndefined()
    expect(await findFamily(r, foreign.id)).toBeDefined()
    expect(await findIdentityByToken(r, theirs)).toBeDefined()
    now += 1
    expect(await findIdentityByToken(r, await issue())).toBeDefined()
    expect(await ids()).toHaveLength(2)
  })

  test('ends for all clients of an application at once', async () => {
    const other = await newClient()
    const tokens = [await issue(), await issue({}, other)]
    const families = [await open(), await open('bob', {}, other)]
    expect(await endTokensOfApplication(r, actor, applicationId)).toBe(2)
    for (const token of tokens) expect(await findIdentityByToken(r, token)).toBeUndefined()
    for (const { id } of families) expect(await findFamily(r, id)).toBeUndefined()
    expect(await ids()).toEqual([])
  })

  test('is nothing where it is an API key', async () => {
    const input = { kind: 'api-key', environment: 'live' } as const
    const { id } = (await createCredential(r, actor, applicationId, input)).credential.value
    await expect(endTokensOfClient(r, actor, id)).rejects.toMatchObject({ code: 'state-conflict' })
  })
})
