import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { CompactSign, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { ClientSettings } from '../../registry/oauth-model.ts'
import { issuer, post, shop, visit } from '../support/oauth.ts'
import { asks, grantStage, type Settings } from '../support/oauth-grants.ts'

const own = await generateKeyPair('ES256', { extractable: true })
const other = await generateKeyPair('ES256', { extractable: true })
const ownJwk = { ...(await exportJWK(own.publicKey)), kid: 'one', alg: 'ES256' }
const now = 1_000 // seconds; the clock of the stage

const claims = { iss: 'crd_shop', aud: issuer, exp: now + 300, nbf: now, ...asks }

function stage(settings: Settings = {}) {
  const jwks = { keys: [ownJwk] } as unknown as ClientSettings['jwks']
  const all = grantStage({ settings: { jwks, ...settings } })
  const push = (request: string, more: Record<string, string> = {}) =>
    post(all.server.push, { ...shop, request, ...more }, { path: '/oauth2/par' })
  const open = (request: string, more: Record<string, string> = {}) =>
    visit(all.server.authorize, { client_id: 'crd_shop', request, ...more })
  return { ...all, push, open }
}

const sign = (given: object = {}, header: object = {}, key = own.privateKey) =>
  new SignJWT({ ...claims, ...given } as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'oauth-authz-req+jwt', ...header })
    .sign(key)

describe('a signed request object', () => {
  test('is taken at both endpoints, and what stands beside it is not looked at', async () => {
    const { push, open } = stage()
    const object = await sign()
    expect(await push(object, { scope: 'admin', redirect_uri: 'https://evil.example' })).toMatchObject({
      status: 201,
    })
    const { to } = await open(object, { scope: 'admin', response_type: 'token' })
    expect(to!.pathname).toMatch(/^\/oauth2\/interaction\//)
  })

  test('may hold details as JSON', async () => {
    const payment = {
      type: 'payment_initiation',
      instructedAmount: { currency: 'EUR', amount: '1.00' },
      creditorName: 'A',
      creditorAccount: { iban: 'DE02100100109307118603' },
    }
    const { push } = stage({ authorizationDetailsTypes: ['payment_initiation'] })
    expect(await push(await sign({ authorization_details: [payment] }))).toMatchObject({ status: 201 })
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const forged: [string, () => Promise<string> | string][] = [
    ['no JWT', () => 'x'],
    ['signed by somebody else', () => sign({}, {}, other.privateKey)],
    ['signed by somebody else under no kid', () => sign({}, { kid: undefined }, other.privateKey)],
    ['of an unknown kid', () => sign({}, { kid: 'two' })],
    ['unsigned', () => `${part({ alg: 'none', typ: 'oauth-authz-req+jwt' })}.${part(claims)}.`],
    ['unsigned with a signature', () => `${part({ alg: 'none' })}.${part(claims)}.AAAA`],
    ['signed with the public key as a secret', hmacWithPublicKey],
    [
      'signed by RS256',
      () =>
        new CompactSign(Buffer.from(JSON.stringify(claims)))
          .setProtectedHeader({ alg: 'RS256', kid: 'one' })
          .sign(rsa.privateKey),
    ],
    ['changed after it was signed', async () => changed(await sign())],
    ['that is an assertion', () => sign({ sub: 'crd_shop' })],
    ['of another type of JWT', () => sign({}, { typ: 'dpop+jwt' })],
    ['for another server', () => sign({ aud: 'https://other.example' })],
    ['for nobody', () => sign({ aud: undefined })],
    ['of another issuer', () => sign({ iss: 'crd_other' })],
    ['of another client', () => sign({ client_id: 'crd_other' })],
    ['expired', () => sign({ exp: now - 11 })],
    ['without an end', () => sign({ exp: undefined })],
    ['from the future', () => sign({ nbf: now + 11 })],
  ]
  test.each(forged)('%s is refused, and nobody is sent anywhere', async (_what, make) => {
    const { push, open, server } = stage()
    const object = await make()
    expect(await push(object)).toMatchObject({ status: 400, json: { error: 'invalid_request_object' } })
    const answer = await open(object, { ...asks })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request_object' }, to: undefined })
    expect([...server.kept.keys()]).toEqual([])
  })

  test('holds no further one', async () => {
    const { push } = stage()
    expect(await push(await sign({ request_uri: 'https://x' }))).toMatchObject({
      json: { error: 'invalid_request' },
    })
  })
})

describe('a client of profile fapi2-message-signing', () => {
  const strict = { profile: 'fapi2-message-signing' } as const

  test('pushes signed requests whose answer is signed', async () => {
    const { push } = stage(strict)
    expect(await push(await sign({ response_mode: 'jwt' }))).toMatchObject({ status: 201 })
    expect(await push(await sign({ aud: [issuer], response_mode: 'query.jwt' }))).toMatchObject({
      status: 201,
    })
  })

  test('is not heard unsigned', async () => {
    const { server } = stage(strict)
    const answer = await post(
      server.push,
      { ...asks, ...shop, response_mode: 'jwt' },
      { path: '/oauth2/par' },
    )
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  test.each([
    ['without nbf', { nbf: undefined }],
    ['older than 60 minutes', { nbf: now - 3601 }],
    ['good for more than 60 minutes', { exp: now + 3601 }],
  ])('is not heard by an object %s', async (_what, given) => {
    const answer = await stage(strict).push(await sign({ response_mode: 'jwt', ...given }))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request_object' } })
  })

  test('does not get an answer that anybody could have made', async () => {
    const answer = await stage(strict).push(await sign({ response_mode: 'query' }))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })
})

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function hmacWithPublicKey(): string {
  const signed = `${part({ alg: 'HS256', kid: 'one', typ: 'oauth-authz-req+jwt' })}.${part(claims)}`
  const secret = JSON.stringify(ownJwk)
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function changed(object: string): string {
  const [header, , signature] = object.split('.')
  return `${header}.${part({ ...claims, scope: 'payments:write' })}.${signature}`
}
