import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  calculateJwkThumbprint,
  exportJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { discover } from '../support/oauth-servers/flow.ts'
import { endServers, servers } from '../support/oauth-servers/index.ts'
import {
  type ClientKeys,
  newKeys,
  type TestClient,
  type TestServer,
} from '../support/oauth-servers/server.ts'

/** Forged DPoP proofs at the token endpoint (RFC 9449 §4.3), by hand, beside honest ones. */

afterAll(endServers)

const now = () => Math.floor(Date.now() / 1000)
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe.each(servers('dpop_tokens'))('a forged proof at %s', (_name, start) => {
  let server: TestServer
  let htu: string
  let client: TestClient
  let keys: ClientKeys
  let nonce: string | null = null
  beforeAll(async () => {
    server = await start()
    htu = (await discover(server)).token_endpoint!
    client = await server.register({ senderConstraint: 'dpop' })
    keys = await newKeys()
    const first = await send([await honest()])
    if (first.error === 'use_dpop_nonce') nonce = first.nonce
  })

  const publicJwk = ({ publicJwk: { kty, crv, x, y } }: ClientKeys) => ({ kty, crv, x, y })
  const claims = (more: JWTPayload = {}): JWTPayload => ({
    jti: crypto.randomUUID(),
    htm: 'POST',
    htu,
    iat: now(),
    ...(nonce !== null && { nonce }),
    ...more,
  })
  const header = (more: Partial<JWTHeaderParameters> = {}): JWTHeaderParameters => ({
    typ: 'dpop+jwt',
    alg: 'ES256',
    jwk: publicJwk(keys) as never,
    ...more,
  })
  const honest = (more: JWTPayload = {}, head: Partial<JWTHeaderParameters> = {}) =>
    new SignJWT(claims(more)).setProtectedHeader(header(head)).sign(keys.privateKey)

  /** By hand: fetch would join two headers of one name. */
  function send(proofs: readonly string[]) {
    return new Promise<{ status: number; error: unknown; hasToken: boolean; nonce: string | null }>(
      (resolve, reject) => {
        const req = request(htu, {
          method: 'POST',
          headers: {
            authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}`,
            'content-type': 'application/x-www-form-urlencoded',
            dpop: proofs as string[],
          },
        })
        req.on('error', reject)
        req.on('response', async (res) => {
          const body = JSON.parse((await res.toArray()).join('')) as Record<string, unknown>
          const given = res.headers['dpop-nonce']
          resolve({
            status: res.statusCode!,
            error: body.error,
            hasToken: 'access_token' in body,
            nonce: typeof given === 'string' ? given : null,
          })
        })
        req.end('grant_type=client_credentials')
      },
    )
  }
  async function refused(attempt: ReturnType<typeof send>) {
    const answer = await attempt
    expect(answer.hasToken).toBe(false)
    expect(answer.status).toBe(400)
    expect(answer.error).toMatch(/^(invalid_dpop_proof|invalid_request|invalid_grant|use_dpop_nonce)$/)
  }

  test('is refused, while honest ones are taken', async () => {
    for (const more of [{}, { iat: now() + 5 }, { iat: now() - 10 }])
      expect(await send([await honest(more)])).toMatchObject({ status: 200, hasToken: true })
  })

  const forgeries: Record<string, () => Promise<string> | string> = {
    'without a signature': () => `${encoded(header({ alg: 'none' }))}.${encoded(claims())}.`,
    'with its signature cut off': async () => (await honest()).replace(/\.[^.]*$/, '.'),
    'with changed claims': async () => {
      const [head, , signature] = (await honest()).split('.')
      return `${head}.${encoded(claims())}.${signature}`
    },
    'by HS256 with the public key as the secret': () =>
      new SignJWT(claims())
        .setProtectedHeader(header({ alg: 'HS256' }))
        .sign(createSecretKey(Buffer.from(JSON.stringify(publicJwk(keys))))),
    'by a symmetric key in the header': () => {
      const secret = Buffer.alloc(32, 1)
      const jwk = { kty: 'oct', k: secret.toString('base64url') }
      return new SignJWT(claims())
        .setProtectedHeader(header({ alg: 'HS256', jwk: jwk as never }))
        .sign(createSecretKey(secret))
    },
    'with the private key in the header': async () =>
      honest({}, { jwk: (await exportJWK(keys.privateKey)) as never }),
    'without a key in the header': () => honest({}, { jwk: undefined as never }),
    'with the key of another in the header': async () =>
      honest({}, { jwk: publicJwk(await newKeys()) as never }),
    'by RS256': () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const jwk = publicKey.export({ format: 'jwk' })
      return new SignJWT(claims())
        .setProtectedHeader(header({ alg: 'RS256', jwk: jwk as never }))
        .sign(privateKey)
    },
    'of another type': () => honest({}, { typ: 'JWT' }),
    'without a type': () => honest({}, { typ: undefined as never }),
    'for another method': () => honest({ htm: 'GET' }),
    'without a method': () => honest({ htm: undefined }),
    'for another address': () => honest({ htu: 'https://attacker.example/token' }),
    'for another path': () => honest({ htu: `${htu}/other` }),
    'without an address': () => honest({ htu: undefined }),
    'of an hour ago': () => honest({ iat: now() - 3600 }),
    'of an hour ahead': () => honest({ iat: now() + 3600 }),
    'without a time': () => honest({ iat: undefined }),
    'without an identifier': () => honest({ jti: undefined }),
    'whose identifier is no text': () => honest({ jti: { a: 1 } as never }),
    'with a nonce that nobody gave': () => honest({ nonce: 'made-up' }),
    'that is no JWT': () => 'one.two.three',
    'that is empty': () => '',
  }

  test.each(Object.entries(forgeries))('is refused: %s', async (_what, forge) => {
    await refused(send([await forge()]))
  })

  test('is refused more than a minute ahead (FAPI 2.0 §5.3.2.1)', async () => {
    // oidc-provider means FAPI clients to send nonces, and is generous with clocks where there is none.
    const seconds = server.name === 'ours' ? 75 : 600
    await refused(send([await honest({ iat: now() + seconds })]))
  })

  test('is refused the second time', async () => {
    const proof = await honest()
    expect((await send([proof])).status).toBe(200)
    await refused(send([proof]))
  })

  test('is refused in no form at all: a thumbprint that is only named proves nothing', async () => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      dpop_jkt: await calculateJwkThumbprint(publicJwk(keys) as JWK),
    })
    const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`
    const answer = await fetch(htu, { method: 'POST', body: form, headers: { authorization } })
    expect(answer.status).toBe(400)
    expect(await answer.json()).not.toHaveProperty('access_token')
  })

  test('is refused beside another one, even if both are honest', async () => {
    const [one, two] = [await honest(), await honest()]
    await refused(send([one, two]))
    await refused(send([`${await honest()}, ${await honest()}`]))
  })
})
