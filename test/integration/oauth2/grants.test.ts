import { afterAll, describe, expect, test } from '@jest/globals'
import { issueCode } from '../../../policies/oauth2/codes.ts'
import type { AuthorizationServerDeps } from '../../../policies/oauth2/deps.ts'
import { createCredential, findIdentityByToken } from '../../../registry/credentials.ts'
import { createOnce } from '../../../registry/one-time.ts'
import { scanKeys } from '../../../registry/redis.ts'
import { authorizationRequest, verifier } from '../../support/authorization-request.ts'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { startCluster } from '../../support/redis-topologies.ts'

afterAll(stopSharedRedis)

const redirectUri = 'https://shop.example/back'
type Json = Record<string, string>

async function stage(url?: string) {
  const registry = await testRegistry(url === undefined ? {} : { url, timeoutMs: 5_000 })
  const party = await registerParty(registry, 'shop')
  const { credential, secret } = await createCredential(registry, { id: 'test' }, party.applicationId, {
    kind: 'oauth-client',
    environment: 'sandbox',
    oauth: { grants: ['authorization_code', 'refresh_token'], redirectUris: [redirectUri] },
  })
  const server = await startAuthorizationServer(registry)
  const client = { client_id: credential.value.id, client_secret: secret }
  const post = async (path: string, form: Json) => {
    const body = new URLSearchParams({ ...client, ...form })
    const answer = await fetch(`${server.issuer}${path}`, { method: 'POST', body })
    const text = await answer.text()
    return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as Json }
  }
  const code = () =>
    issueCode(
      { once: createOnce(registry), now: registry.now } as AuthorizationServerDeps,
      authorizationRequest({ clientId: client.client_id, redirectUri, environment: 'sandbox' }),
      { subject: 'person-1', authenticatedAt: registry.now() },
      ['payments:read'],
    )
  const redeem = (given: string) =>
    post('/oauth2/token', {
      grant_type: 'authorization_code',
      code: given,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    })
  const refresh = (token: string) =>
    post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: token })
  const close = async () => {
    await server.close()
    await registry.close()
  }
  return { registry, post, code, redeem, refresh, close }
}

const fifty = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, work))

/** What is used once holds on one server and on three, in whichever slots its keys are. */
const places: [string, () => Promise<{ url?: string; stop(): Promise<void> }>][] = [
  ['one Redis', async () => ({ stop: async () => {} })],
  ['a Redis Cluster', startCluster],
]

describe.each(places)('on %s', (_name, start) => {
  test('of 50 who bring a code at once one gets tokens, and they are dead; others’ are not', async () => {
    const place = await start()
    const { registry, code, redeem, refresh, close } = await stage(place.url)
    try {
      const honest = await redeem(await code())
      expect(honest.json).toMatchObject({ token_type: 'Bearer', scope: 'payments:read' })
      const stolen = await code()
      const answers = await fifty(() => redeem(stolen))
      const given = answers.filter(({ status }) => status === 200)
      expect(given).toHaveLength(1)
      expect(answers.filter(({ json }) => json.error === 'invalid_grant')).toHaveLength(49)
      expect(await findIdentityByToken(registry, given[0]!.json.access_token!)).toBeUndefined()
      expect(await refresh(given[0]!.json.refresh_token!)).toMatchObject({ json: { error: 'invalid_grant' } })
      expect(await findIdentityByToken(registry, honest.json.access_token!)).toMatchObject({
        grant: { subject: 'person-1' },
      })
    } finally {
      await close()
      await place.stop()
    }
  }, 60_000)

  test('50 who bring a refresh token at once get one successor, which works and is told by nothing in the store', async () => {
    const place = await start()
    const { registry, code, redeem, refresh, post, close } = await stage(place.url)
    try {
      const first = (await redeem(await code())).json
      const answers = await fifty(() => refresh(first.refresh_token!))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
      const successors = [...new Set(answers.map(({ json }) => json.refresh_token!))]
      expect(successors).toHaveLength(1)
      const second = (await refresh(successors[0]!)).json

      const kept = await scanKeys(registry.redis, registry.keys.prefix)
      const texts = await Promise.all(
        kept.filter((key) => key.includes('once:')).map((key) => registry.redis.get(key)),
      )
      const all = `${kept.join('\n')}\n${texts.join('\n')}`
      expect(all).toContain('sealedSuccessor') // it does see what is there
      for (const secret of [first.refresh_token!, successors[0]!, second.refresh_token!])
        expect(all).not.toContain(secret)

      expect(await refresh(first.refresh_token!)).toMatchObject({ json: { error: 'invalid_grant' } })
      expect(await findIdentityByToken(registry, second.access_token!)).toBeUndefined()
      expect(await post('/oauth2/revoke', { token: second.refresh_token! })).toMatchObject({ status: 200 })
    } finally {
      await close()
      await place.stop()
    }
  }, 60_000)
})
