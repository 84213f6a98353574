import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createProgram } from '../../../admin/cli/run.ts'
import { followEvents } from '../../../registry/events.ts'
import { findIdentityBySecret, findIdentityByToken } from '../../../registry/identities.ts'
import type { RegistryEvent } from '../../../registry/model.ts'
import { findInitialAccess, takeUse } from '../../../registry/registration-tokens.ts'
import { openFamily } from '../../../registry/token-families.ts'
import { issueToken } from '../../../registry/tokens.ts'
import { createAuthority } from '../../support/certificates.ts'
import { until } from '../../support/until.ts'
import { type AdminService, startAdmin } from './support.ts'

let admin: AdminService
let applicationId: string
let partnerId: string
let folder: string
const heard: RegistryEvent[] = []
const following = new AbortController()
beforeAll(async () => {
  admin = await startAdmin()
  folder = await mkdtemp(join(tmpdir(), 'clients-'))
  const partner = (await admin.ask('POST', '/api/partners', { body: { name: 'acme', title: 'Acme' } })).body
  partnerId = partner.id
  const shop = { body: { name: 'shop', title: 'Shop' } }
  applicationId = (await admin.ask('POST', `/api/partners/${partnerId}/applications`, shop)).body.id
  let isFollowing = false
  void followEvents(
    admin.registry,
    { onEvent: (e) => heard.push(e), onGap() {}, onContact: () => (isFollowing = true), blockMs: 20 },
    following.signal,
  )
  await until(() => isFollowing)
})
afterAll(async () => {
  following.abort()
  await rm(folder, { recursive: true })
  await admin.close()
})

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const keyed = { authentication: 'private_key_jwt', jwks: { keys: [jwk] } }

const create = (oauth: unknown, more: object = {}) =>
  admin.ask('POST', `/api/applications/${applicationId}/credentials`, {
    body: { kind: 'oauth-client', environment: 'live', oauth, ...more },
  })

const tokenFor = (credentialId: string, scopes: string[] = []) =>
  issueToken(admin.registry, {
    ...{ credentialId, applicationId, partnerId, environment: 'live', scopes },
    ...{ issuedAt: Date.now() - 5, expiresAt: Date.now() + 60_000 },
  })

describe('an OAuth client', () => {
  test('that proves itself by keys gets no secret, and cannot rotate one', async () => {
    const made = await create(keyed)
    expect([made.status, made.body.secret, made.body.credential.secrets]).toEqual([201, null, []])
    expect(made.body.credential.oauth).toMatchObject({ ...keyed, profile: 'standard', redirectUris: [] })
    const path = made.headers.get('location')!
    const refused = await admin.ask('POST', `${path}/rotate`, { body: { overlapSeconds: 0 } })
    expect([refused.status, refused.body.code]).toEqual([409, 'state-conflict'])
    expect(refused.body.detail).toContain('private_key_jwt')
  })

  test('with settings that contradict one another is not made, and each is named', async () => {
    const refused = await create({ authentication: 'private_key_jwt', grants: ['authorization_code'] })
    expect(refused.status).toBe(400)
    expect(refused.body.errors.map((e: { pointer: string }) => e.pointer).sort()).toEqual([
      '/oauth/jwks',
      '/oauth/redirectUris',
    ])
    const unknown = await create({ profile: 'fapi3' })
    expect(unknown.body.errors[0].pointer).toBe('/oauth/profile')
  })

  test('changes under If-Match, sent back as it was read, and gateways hear of it', async () => {
    const made = await create(null, { title: 'before' })
    const path = made.headers.get('location')!
    const read = await admin.ask('GET', path)
    const etag = read.headers.get('etag')!
    const body = { ...read.body, title: 'after', tokenLifetimeSeconds: 600 }
    expect((await admin.ask('PUT', path, { body })).status).toBe(428)
    heard.length = 0
    const changed = await admin.ask('PUT', path, { body, ifMatch: etag })
    expect([changed.status, changed.body.title, changed.body.tokenLifetimeSeconds]).toEqual([
      200,
      'after',
      600,
    ])
    await until(() => heard.some((e) => e.kind === 'identity' && e.credentialId === read.body.id))
    expect((await admin.ask('PUT', path, { body, ifMatch: etag })).status).toBe(412)
    // The secret is the one it was.
    expect(await findIdentityBySecret(admin.registry, 'client-secret', made.body.secret)).toBeDefined()
  })

  test('stays of its kind and in its environment', async () => {
    const path = (await create(null)).headers.get('location')!
    const { body } = await admin.ask('GET', path)
    const moved = { ...body, environment: 'sandbox', kind: 'api-key' }
    const refused = await admin.ask('PUT', path, { body: moved, ifMatch: '*' })
    expect(refused.body.errors.map((e: { pointer: string }) => e.pointer)).toEqual(['/kind', '/environment'])
  })

  test('that will prove itself by keys loses its secret and the tokens from before', async () => {
    const made = await create(null)
    const token = await tokenFor(made.body.credential.id)
    expect(await findIdentityByToken(admin.registry, token)).toBeDefined()
    const path = made.headers.get('location')!
    const body = { ...made.body.credential, oauth: keyed }
    expect((await admin.ask('PUT', path, { body, ifMatch: '*' })).status).toBe(200)
    expect(await findIdentityBySecret(admin.registry, 'client-secret', made.body.secret)).toBeUndefined()
    expect(await findIdentityByToken(admin.registry, token)).toBeUndefined()
    const back = await admin.ask('PUT', path, { body: { ...body, oauth: null }, ifMatch: '*' })
    expect(back.body.secrets).toEqual([])
    expect((await admin.ask('POST', `${path}/rotate`, { body: { overlapSeconds: 0 } })).status).toBe(200)
  })

  test('loses a scope in its tokens, too', async () => {
    const made = await create(null)
    const token = await tokenFor(made.body.credential.id, ['a', 'b'])
    const body = { ...made.body.credential, scopes: ['b', 'c'] }
    await admin.ask('PUT', made.headers.get('location')!, { body, ifMatch: '*' })
    expect((await findIdentityByToken(admin.registry, token))?.scopes).toEqual(['b'])
  })

  test('whose secret leaked gets another, and the tokens from before end', async () => {
    const made = await create(null)
    const token = await tokenFor(made.body.credential.id)
    const path = `${made.headers.get('location')!}/rotate`
    const kept = await admin.ask('POST', path, { body: { overlapSeconds: 0 } })
    expect(await findIdentityByToken(admin.registry, token)).toBeDefined()
    const refused = await admin.ask('POST', path, { body: { overlapSeconds: 60, endTokens: true } })
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/endTokens'])
    const ended = await admin.ask('POST', path, { body: { overlapSeconds: 0, endTokens: true } })
    expect([kept.status, ended.status]).toEqual([200, 200])
    expect(await findIdentityByToken(admin.registry, token)).toBeUndefined()
  })

  test('that was revoked cannot be changed', async () => {
    const made = await create(null)
    const path = made.headers.get('location')!
    await admin.ask('POST', `${path}/revoke`)
    expect((await admin.ask('PUT', path, { body: made.body.credential, ifMatch: '*' })).status).toBe(409)
  })
})

/** gatewayctl in this process. */
async function cli(...args: string[]) {
  const out: string[] = []
  const env = { GATEWAYCTL_URL: admin.url, GATEWAYCTL_TOKEN: admin.adminToken }
  const io = {
    env,
    out: (l: string) => void out.push(l),
    err: () => {},
    stdin: (async function* () {})(),
  }
  await createProgram(io).parseAsync(args, { from: 'user' })
  return out.join('\n')
}

describe('gatewayctl client', () => {
  test('makes, shows and changes one with keys, redirect URIs and a profile', async () => {
    const file = join(folder, 'public.json')
    await writeFile(file, JSON.stringify(jwk))
    const shown = await cli(
      ...['client', 'create', 'acme/shop', '--authentication', 'private_key_jwt', '--jwks', file],
      ...['--grant', 'authorization_code', 'refresh_token', '--redirect-uri', 'https://shop.example/back'],
      ...['--sender-constraint', 'dpop', '--details-type', 'payment_initiation'],
    )
    expect(shown).toContain('It has no secret')
    const id = /cred_\w+/.exec(shown)![0]
    expect(await cli('client', 'show', id)).toMatch(/redirect URIs +https:\/\/shop.example\/back/)
    await cli('client', 'update', id, '--redirect-uri', 'https://shop.example/a', '--scope', 'x')
    const after = JSON.parse(await cli('client', 'show', id, '--json'))
    expect(after).toMatchObject({
      scopes: ['x'],
      oauth: { redirectUris: ['https://shop.example/a'], senderConstraint: 'dpop', jwks: { keys: [jwk] } },
    })
  })

  test('computes the thumbprint of a certificate', async () => {
    const client = createAuthority('bank').client('till-1')
    const { raw } = new X509Certificate(client.cert)
    const thumbprint = createHash('sha256').update(raw).digest('base64url')
    const file = join(folder, 'client.pem')
    await writeFile(file, client.cert)
    const way = ['--authentication', 'self_signed_tls_client_auth', '--certificate', file]
    const made = JSON.parse(await cli('client', 'create', 'acme/shop', ...way, '--json'))
    expect(made.credential.oauth.certificateThumbprints).toEqual([thumbprint])
    // Another way to authenticate takes what it has no use for along.
    const name = ['--authentication', 'tls_client_auth', '--certificate-name', 'dn=CN=till-1']
    const changed = JSON.parse(await cli('client', 'update', made.credential.id, ...name, '--json'))
    expect(changed.oauth).toMatchObject({
      certificateThumbprints: [],
      certificateName: { subjectDn: 'CN=till-1' },
    })
  })

  test('says which file is at fault', async () => {
    const file = join(folder, 'none.pem')
    await writeFile(file, 'nothing')
    const make = ['client', 'create', 'acme/shop']
    await expect(cli(...make, '--certificate', file)).rejects.toThrow(`${file}: it holds no certificate`)
    await expect(cli(...make, '--jwks', file)).rejects.toThrow(`${file}: it is not JSON`)
  })
})

describe('live tokens', () => {
  test('are listed and ended, and the audit says who did', async () => {
    const { id } = (await create(null)).body.credential
    await tokenFor(id, ['a'])
    const path = `/api/applications/${applicationId}/tokens`
    const listed = await admin.ask('GET', `${path}?credential=${id}`)
    expect(listed.body).toMatchObject({ items: [{ credentialId: id, scopes: ['a'] }], next: null })
    const tokenId = listed.body.items[0].id
    expect((await admin.ask('POST', `${path}/${tokenId}/end`)).status).toBe(204)
    expect((await admin.ask('POST', `${path}/${tokenId}/end`)).status).toBe(404)
    const { items } = (await admin.ask('GET', `/api/audit?subject=${tokenId}`)).body
    expect(items).toMatchObject([{ action: 'end', noun: 'token', before: { credentialId: id } }])
  })

  test('all end for a client, and for an application', async () => {
    const { id } = (await create(null)).body.credential
    const [one, two] = [await tokenFor(id), await tokenFor(id)]
    expect((await admin.ask('POST', `/api/credentials/${id}/end-tokens`)).status).toBe(200)
    expect(await findIdentityByToken(admin.registry, one)).toBeUndefined()
    const ended = await admin.ask('POST', `/api/applications/${applicationId}/end-tokens`)
    expect(ended.body.clients).toBeGreaterThan(1)
    expect(await findIdentityByToken(admin.registry, two)).toBeUndefined()
  })
})

describe('gatewayctl token', () => {
  test('lists and ends tokens and what people have allowed', async () => {
    const { id } = (await create(null)).body.credential
    await tokenFor(id)
    const family = await openFamily(admin.registry, {
      ...{ credentialId: id, applicationId, partnerId, environment: 'live', subject: 'ada', scopes: ['a'] },
      ...{ authorizationDetails: null, resources: [], authenticatedAt: 1, expiresAt: Date.now() + 60_000 },
    })
    const listed = await cli('token', 'list', 'acme/shop', '--client', id)
    const [tokenId] = /^\d+-\S+/m.exec(listed)!
    expect(await cli('token', 'end', 'acme/shop', tokenId)).toBe(`${tokenId} has ended.`)
    expect(await cli('token', 'list', 'acme/shop', '--client', id)).toBe('There are none.')
    const allowed = await cli('token', 'list', 'acme/shop', '--authorizations', '--subject', 'ada')
    expect(allowed).toContain(family.id)
    await cli('token', 'end', 'acme/shop', family.id)
    await cli('token', 'end', '--client', id)
    expect(await cli('token', 'end', 'acme/shop', '--all')).toMatch(/^All tokens of its \d+ OAuth clients/)
  })

  test('asks what is to end', async () => {
    for (const wrong of [[], ['acme/shop'], ['acme/shop', '--client', 'cred_1'], ['--all']])
      await expect(cli('token', 'end', ...wrong)).rejects.toThrow(/Name an application/)
  })
})

test('gatewayctl client registration-token makes an initial access token, which the audit does not hold', async () => {
  const make = ['client', 'registration-token', 'create', 'acme/shop', '--profile', 'fapi2', '--uses', '2']
  const made = JSON.parse(await cli(...make, '--json'))
  expect(made.token).toMatch(/^pgi_/)
  const audit = await admin.ask('GET', '/api/audit?noun=registration-token')
  expect(audit.body.items[0]).toMatchObject({ subject: applicationId, after: { profile: 'fapi2', uses: 2 } })
  expect(audit.text).not.toContain(made.token)
  expect(await findInitialAccess(admin.registry, made.token)).toMatchObject({
    applicationId,
    profile: 'fapi2',
  })
})

test('initial access tokens are listed with the uses they have left, and are good for nothing once taken back', async () => {
  const group = ['client', 'registration-token'] as const
  const made = JSON.parse(await cli(...group, 'create', 'acme/shop', '--uses', '5', '--json'))
  const access = (await findInitialAccess(admin.registry, made.token))!
  await takeUse(admin.registry, access)
  const listed = await admin.ask('GET', `/api/applications/${applicationId}/registration-tokens`)
  expect(listed.body.items[0]).toMatchObject({
    ...{ id: made.id, uses: 5, usesLeft: 4, expiresAt: made.expiresAt, createdBy: expect.any(String) },
  })
  expect(listed.text).not.toContain(made.token)
  expect(await cli(...group, 'list', 'acme/shop')).toContain('4 of 5')
  expect(await cli(...group, 'revoke', 'acme/shop', made.id)).toContain(`${made.id} is taken back.`)
  expect(await findInitialAccess(admin.registry, made.token)).toBeUndefined()
  expect(await cli(...group, 'list', 'acme/shop')).not.toContain(made.id)
  const audit = await admin.ask('GET', '/api/audit?noun=registration-token')
  expect(audit.body.items[0]).toMatchObject({ action: 'revoke', before: { id: made.id }, after: null })
  const again = `/api/applications/${applicationId}/registration-tokens/${made.id}/revoke`
  expect(await admin.ask('POST', again)).toMatchObject({ status: 404, body: { code: 'not-found' } })
})
