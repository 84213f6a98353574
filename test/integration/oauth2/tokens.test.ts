import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { updateApplication } from '../../../registry/applications.ts'
import { findIdentityByToken, revokeCredential, rotateCredential } from '../../../registry/credentials.ts'
import { registerParty, startAuthorizationServer } from '../../support/oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

const actor = { id: 'test' }
let registry: Awaited<ReturnType<typeof testRegistry>>
let server: Awaited<ReturnType<typeof startAuthorizationServer>>
let count = 0

beforeAll(async () => {
  registry = await testRegistry()
  server = await startAuthorizationServer(registry)
})
afterAll(async () => {
  await server?.close()
  await registry?.close()
  await stopSharedRedis()
})

/** All names and values of the store as text. Not by DUMP: its compression would tear secrets apart and hide them. */
async function everythingIn({ redis }: typeof registry): Promise<string> {
  const texts = (await redis.keys('*')).map(async (key: string) => {
    const value = {
      string: () => redis.get(key),
      hash: () => redis.hgetall(key),
      zset: () => redis.zrange(key, '0', '-1'),
      stream: () => redis.xrange(key, '-', '+'),
    }[(await redis.type(key)) as 'string']
    return `${key} ${JSON.stringify(await value())}`
  })
  return (await Promise.all(texts)).join('\n')
}

const newParty = (scopes?: string[]) => registerParty(registry, `party-${++count}`, scopes)

async function post(
  path: string,
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
) {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(`${server.issuer}${path}`, {
    method: 'POST',
    body,
    headers: { ...type, ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text && JSON.parse(text), text }
}
const askToken = (clientId: string, secret: string, scope = '') =>
  post('/oauth2/token', {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope,
  })

describe('tokens over HTTP and Redis', () => {
  test('a token proves who its client is, with the scopes that it was given', async () => {
    const party = await newParty()
    const { json } = await askToken(party.clientId, party.secret, 'payments:read')
    expect(await findIdentityByToken(registry, json.access_token)).toMatchObject({
      credentialId: party.clientId,
      applicationId: party.applicationId,
      environment: 'sandbox',
      scopes: ['payments:read'],
    })
  })

  test('neither token nor secret is kept or logged in clear', async () => {
    const party = await newParty()
    const { json } = await askToken(party.clientId, party.secret)
    await post('/oauth2/introspect', {
      client_id: party.clientId,
      client_secret: party.secret,
      token: json.access_token,
    })
    const all = `${await everythingIn(registry)}\n${server.logged.join('\n')}`
    expect(all).toContain(party.clientId) // it does see what is there
    expect(all).not.toContain(json.access_token)
    expect(all).not.toContain(party.secret)
  })

  test('a revoked client gets no token, and its tokens are worth nothing', async () => {
    const party = await newParty()
    const { json } = await askToken(party.clientId, party.secret)
    await revokeCredential(registry, actor, party.clientId)
    expect(await askToken(party.clientId, party.secret)).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    })
    expect(await findIdentityByToken(registry, json.access_token)).toBeUndefined()
  })

  test('a suspended application gets no token', async () => {
    const party = await newParty()
    await updateApplication(registry, actor, party.applicationId, {
      name: 'till',
      title: 'Till',
      isSuspended: true,
    })
    expect(await askToken(party.clientId, party.secret)).toMatchObject({ status: 401 })
  })

  test('both secrets are good while one is rotated, the old one no longer than that', async () => {
    const party = await newParty()
    const { secret } = await rotateCredential(registry, actor, party.clientId, { overlapSeconds: 60 })
    for (const one of [party.secret, secret])
      expect(await askToken(party.clientId, one)).toMatchObject({ status: 200 })
    await rotateCredential(registry, actor, party.clientId, { overlapSeconds: 0 })
    for (const one of [party.secret, secret])
      expect(await askToken(party.clientId, one)).toMatchObject({ status: 401 })
  })

  test('a client may not present the secret of another', async () => {
    const [one, two] = [await newParty(), await newParty()]
    expect(await askToken(one.clientId, two.secret)).toMatchObject({ status: 401 })
  })

  test('after many guesses, also when they came at once, even the right secret has to wait', async () => {
    const party = await newParty()
    const guesses = await Promise.all(Array.from({ length: 30 }, () => askToken(party.clientId, 'guess')))
    expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true)
    const late = await askToken(party.clientId, party.secret)
    expect(late).toMatchObject({ status: 429, json: { error: 'slow_down' } })
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(30)
  })
})

describe('the app', () => {
  test('does not say what it is made of', async () => {
    const { headers } = await post('/oauth2/token', {})
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('etag')).toBeNull()
  })

  test('reads nothing from the query', async () => {
    const party = await newParty()
    const query = new URLSearchParams({ client_id: party.clientId, client_secret: party.secret })
    const answer = await post(`/oauth2/token?${query}`, { grant_type: 'client_credentials' })
    expect(answer).toMatchObject({ status: 401 })
  })

  test('takes 16 KiB at most', async () => {
    expect(await post('/oauth2/token', 'a'.repeat(16_385))).toMatchObject({
      status: 413,
      json: { error: 'invalid_request' },
    })
  })

  test('unpacks nothing', async () => {
    expect(await post('/oauth2/token', 'x', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 })
  })

  test('says 405 with Allow to another method, and 404 to another address', async () => {
    const get = await fetch(`${server.issuer}/oauth2/token`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await post('/oauth2/nothing', {})).toMatchObject({ status: 404 })
  })
})
