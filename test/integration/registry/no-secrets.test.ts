import { afterAll, expect, test } from '@jest/globals'
import { createAdminToken } from '../../../registry/admin-tokens.ts'
import { createCredential, findIdentityByToken, rotateCredential } from '../../../registry/credentials.ts'
import { scanKeys } from '../../../registry/redis.ts'
import { publish } from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { issueToken, revokeToken } from '../../../registry/tokens.ts'
import { updateUpstream } from '../../../registry/upstreams.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor, readyApi, readyPartner } from './fixtures.ts'

afterAll(stopSharedRedis)

/** Everything that Redis holds, names of keys included, as one text. */
async function everything(r: Registry): Promise<string> {
  const parts: string[] = []
  for (const key of await scanKeys(r.redis, '')) {
    const read: Record<string, () => Promise<unknown>> = {
      string: () => r.redis.get(key),
      hash: () => r.redis.hgetall(key),
      zset: () => r.redis.zrange(key, 0, '-1'),
      stream: () => r.redis.xrange(key, '-', '+'),
    }
    parts.push(key, JSON.stringify(await read[await r.redis.type(key)]!()))
  }
  return parts.join('\n')
}

test('no key, secret or token is in Redis in clear, nor its random part, nor a hash in the audit', async () => {
  const r = await testRegistry()
  const { api, version, upstream } = await readyApi(r)
  const { application } = await readyPartner(r, version.value)
  const secrets: string[] = []
  for (const environment of ['sandbox', 'live'] as const)
    for (const kind of ['api-key', 'oauth-client'] as const) {
      const { credential, secret } = await createCredential(r, actor, application.value.id, {
        kind,
        environment,
      })
      const { id, applicationId, partnerId } = credential.value
      const rotated = await rotateCredential(r, actor, id, { overlapSeconds: 60 })
      const issuedAt = Date.now()
      const grant = { credentialId: id, applicationId, partnerId, environment, scopes: [], issuedAt }
      const [token, revoked] = [
        await issueToken(r, { ...grant, expiresAt: issuedAt + 60_000 }),
        await issueToken(r, { ...grant, expiresAt: issuedAt + 60_000 }),
      ]
      await revokeToken(r, revoked)
      expect(await findIdentityByToken(r, token)).toBeDefined()
      secrets.push(secret, rotated.secret, token, revoked)
    }
  secrets.push((await createAdminToken(r, actor, { title: 'ci', permissions: ['read'] })).secret)
  const value = 'Basic c2VjcmV0LW9mLXRoZS1iYW5r'
  const { name, targets } = upstream.value
  await updateUpstream(r, actor, upstream.value.id, {
    name,
    targets,
    credential: { header: 'authorization', value },
  })
  await publish(r, actor, { apis: [api.value.id] }, { checkPolicy: () => [] })

  const dump = await everything(r)
  expect(secrets).toHaveLength(17)
  for (const secret of secrets) {
    expect(dump).not.toContain(secret)
    expect(dump).not.toContain(secret.replace(/^pg[a-z]_((live|test)_)?/, ''))
    expect(dump).not.toContain(Buffer.from(secret).toString('base64'))
  }
  expect(dump).not.toContain(value)
  expect(dump).not.toContain('c2VjcmV0LW9mLXRoZS1iYW5r')
  expect(dump).toContain('sealedCredential')
  const audit = JSON.stringify(await r.redis.xrange(r.keys.audit(), '-', '+'))
  expect(audit).not.toMatch(/\bhash\b|sealed/)
  await r.close()
})
