import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { followEvents } from '../../../registry/events.ts'
import type { RegistryEvent } from '../../../registry/model.ts'
import { isFirst, keep, peek, spend, takeOnce } from '../../../registry/one-time.ts'
import { createSigner, createSigningKey } from '../../../registry/signing-keys.ts'
import {
  findFamily,
  listFamiliesOfPerson,
  openFamily,
  revokeFamily,
} from '../../../registry/token-families.ts'
import { findToken, issueToken } from '../../../registry/tokens.ts'
import { type Platform, startPlatform, tester } from '../../support/platform.ts'
import { until } from '../../support/until.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

const family = {
  credentialId: 'cred_1',
  applicationId: 'app_1',
  partnerId: 'par_1',
  environment: 'live' as const,
  subject: 'ada',
  scopes: ['payments:write'],
  authorizationDetails: null,
  resources: [],
  authenticatedAt: 1,
}
const hour = 3_600_000

test('of fifty who take a thing at the same time one gets it', async () => {
  const r = platform.registry
  await keep(r, 'code', 'c1', { for: 'me' }, hour)
  expect(await peek(r, 'code', 'c1')).toEqual({ for: 'me' })
  const taken = await Promise.all(Array.from({ length: 50 }, () => takeOnce(r, 'code', 'c1')))
  expect(taken.filter((one) => one !== undefined)).toEqual([{ for: 'me' }])
})

test('who spends a thing a second time is told that it is spent, until it would have expired', async () => {
  const r = platform.registry
  await keep(r, 'code', 'c2', { for: 'me' }, hour)
  const spent = await Promise.all(Array.from({ length: 50 }, () => spend(r, 'code', 'c2')))
  expect(spent.filter((one) => one !== 'spent')).toEqual([{ for: 'me' }])
  expect(await spend(r, 'code', 'never-there')).toBeUndefined()
  const left = await r.redis.keys(`${r.keys.prefix}once:code:*`)
  expect(await r.redis.pttl(left[0]!)).toBeGreaterThan(hour / 2)
})

test('what is presented is kept in no key', async () => {
  const r = platform.registry
  await keep(r, 'session', 'a-secret-of-a-browser', { for: 'me' }, hour)
  expect((await r.redis.keys('*')).join()).not.toContain('a-secret-of-a-browser')
})

test('of fifty who present the same identifier one is the first', async () => {
  const r = platform.registry
  const answers = await Promise.all(Array.from({ length: 50 }, () => isFirst(r, 'proof', 'jti-1', hour)))
  expect(answers.filter(Boolean)).toHaveLength(1)
})

test('a family is listed until it is revoked, and its tokens die with it, which gateways hear', async () => {
  const r = platform.registry
  const heard: RegistryEvent[] = []
  const ending = new AbortController()
  let isFollowing = false
  const following = followEvents(
    r,
    { onEvent: (event) => heard.push(event), onGap() {}, onContact: () => (isFollowing = true) },
    ending.signal,
  )
  await until(() => isFollowing)
  const now = r.now()
  const opened = await openFamily(r, { ...family, expiresAt: now + hour })
  const { credentialId, applicationId, partnerId, environment, scopes } = opened
  const grant = { credentialId, applicationId, partnerId, environment, scopes, issuedAt: now, subject: 'ada' }
  const token = await issueToken(r, { ...grant, expiresAt: now + hour, familyId: opened.id })
  expect(await listFamiliesOfPerson(r, opened.subject)).toEqual([opened])
  expect(await findToken(r, token)).toMatchObject({ subject: 'ada', confirmation: null, resources: [] })

  await revokeFamily(r, opened.id)
  expect(await findToken(r, token)).toBeUndefined()
  expect(await findFamily(r, opened.id)).toBeUndefined()
  expect(await listFamiliesOfPerson(r, opened.subject)).toEqual([])
  await until(() => heard.some((event) => event.kind === 'family' && event.familyId === opened.id))
  ending.abort()
  await following
})

test('the key whose time it is signs, and the next one is published before', async () => {
  const r = platform.registry
  const signer = createSigner(r)
  await expect(signer.sign({ a: 1 }, { typ: 'jwt' })).rejects.toMatchObject({ code: 'not-ready' })
  await createSigningKey(r, tester, { algorithm: 'PS256', signsFrom: 0 })
  await createSigningKey(r, tester, { algorithm: 'ES256', signsFrom: r.now() - 1 })
  await createSigningKey(r, tester, { algorithm: 'EdDSA', signsFrom: r.now() + hour })
  signer.forget()
  const jwks = await signer.jwks()
  expect(jwks.keys.map(({ alg }) => alg)).toEqual(['PS256', 'ES256', 'EdDSA'])
  expect(JSON.stringify(jwks)).not.toContain('"d"')
  const token = await signer.sign({ sub: 'me' }, { typ: 'at+jwt' })
  const read = await jwtVerify(token, createLocalJWKSet(jwks as never), { typ: 'at+jwt' })
  expect(read.protectedHeader).toMatchObject({ alg: 'ES256', kid: jwks.keys[1]!.kid })
  expect(read.payload).toEqual({ sub: 'me' })
  const kept = (await r.redis.keys('*signing-key:*')).map((key) => r.redis.hget(key, 'json'))
  expect((await Promise.all(kept)).join()).not.toMatch(/"d":/)
})
