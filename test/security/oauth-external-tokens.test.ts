import { beforeEach, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { createExternalTokens } from '../../gateway/issuers/external-tokens.ts'
import { createVerifier } from '../../gateway/issuers/verify.ts'
import { createJwks } from '../../gateway/outbound/jwks.ts'
import type { Outbound } from '../../gateway/outbound/outbound.ts'
import { SealedIssuer } from '../../registry/issuer-model.ts'

/** Tokens that say they are of an issuer that we trust, and are not, or are not for us. */

const own = 'https://api.bank.example'
const idp = 'https://idp.example'
const other = 'https://other.example'
const now = 1_800_000_000_000
const seconds = now / 1000

const issuer = (more: object = {}) =>
  SealedIssuer.parse({
    id: 'iss_1',
    createdAt: 0,
    updatedAt: 0,
    name: 'idp',
    issuer: idp,
    environment: 'live',
    audiences: ['https://api.bank.example'],
    applications: { shop: 'app_shop' },
    verification: { by: 'keys', jwksUri: `${idp}/jwks`, algorithms: ['ES256'], tokenType: 'at+jwt' },
    ...more,
  })
const otherIssuer = issuer({
  id: 'iss_2',
  name: 'other',
  issuer: other,
  applications: { shop: 'app_of_other' },
  verification: { by: 'keys', jwksUri: `${other}/jwks`, algorithms: ['ES256'], tokenType: 'at+jwt' },
})

interface Pair {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}
async function newPair(kid: string, algorithm = 'ES256'): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid } }
}

let keys: Pair
let otherKeys: Pair
let clock: number
let fetched: string[]
let sets: Record<string, JWK[]>
beforeEach(async () => {
  keys = await newPair('key-1')
  otherKeys = await newPair('key-1')
  clock = 1_000_000
  fetched = []
  sets = { [`${idp}/jwks`]: [keys.jwk], [`${other}/jwks`]: [otherKeys.jwk] }
})

function stage(...issuers: SealedIssuer[]) {
  const outbound: Outbound = {
    async send({ url }) {
      fetched.push(url)
      return { status: 200, headers: {}, body: JSON.stringify({ keys: sets[url] ?? [] }) }
    },
  }
  const fetchJwks = createJwks({ outbound, now: () => clock, onFailure: () => {} })
  return createExternalTokens({
    listIssuers: async () => (issuers.length > 0 ? issuers : [issuer(), otherIssuer]),
    findIdentity: async (given) => ({
      ...given,
      partnerId: 'par',
      secretId: null,
      kind: 'oauth-client',
      subscriptions: [],
      grant: null,
    }),
    verify: createVerifier(fetchJwks, () => now),
    ask: async () => undefined,
    ownIssuer: own,
    now: () => now,
    onFailure: () => {},
  })
}

const good = () => ({
  iss: idp,
  aud: 'https://api.bank.example',
  client_id: 'shop',
  sub: 'ada',
  iat: seconds,
  exp: seconds + 300,
})
const sign = (claims: object = {}, header: object = {}, key: CryptoKey | Uint8Array = keys.privateKey) =>
  new SignJWT({ ...good(), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt', ...header })
    .sign(key)
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = { alg: 'ES256', kid: 'key-1', typ: 'at+jwt' }

test('a good one is taken, so that the refusals below mean something', async () => {
  expect(await stage().identify(await sign())).toMatchObject({
    applicationId: 'app_shop',
    credentialId: 'iss_1',
    scopes: [],
  })
})

const attacks: Record<string, () => Promise<string> | string> = {
  'without a signature (alg none)': () => `${encoded({ ...header, alg: 'none' })}.${encoded(good())}.AA`,
  'signed with the public key as a shared secret (HS256)': () =>
    sign({}, { alg: 'HS256' }, new TextEncoder().encode(JSON.stringify(keys.jwk))),
  'signed with an algorithm that the issuer may not use': async () => {
    const pair = await newPair('key-1', 'ES384')
    sets[`${idp}/jwks`]!.push(pair.jwk)
    return sign({}, { alg: 'ES384' }, pair.privateKey)
  },
  'with claims changed after the signature': async () => {
    const [head, , signature] = (await sign()).split('.')
    return `${head}.${encoded({ ...good(), client_id: 'shop', scope: 'all' })}.${signature}`
  },
  'signed with a key in its own header': async () => {
    const pair = await newPair('mine')
    return sign({}, { kid: 'mine', jwk: pair.jwk }, pair.privateKey)
  },
  'with a header that must be understood and is not (crit)': async () =>
    `${encoded({ ...header, crit: ['exp-policy'], 'exp-policy': 1 })}.${(await sign()).split('.').slice(1).join('.')}`,
  'for another audience': () => sign({ aud: 'https://shop.example' }),
  'without an audience': () => sign({ aud: undefined }),
  'of another issuer that uses the same kid': () => sign({}, {}, otherKeys.privateKey),
  'that says it is of another issuer, signed by this one': () => sign({ iss: other }),
  'that says it is ours, signed by an issuer outside': () => sign({ iss: own }),
  'of an issuer whose name differs in its last letter': () => sign({ iss: `${idp}/` }),
  'that has expired': () => sign({ exp: seconds - 11 }),
  'that never expires': () => sign({ exp: undefined }),
  'that is not good yet': () => sign({ nbf: seconds + 11 }),
  'that is an ID token': () => sign({}, { typ: 'JWT' }),
  'without a type': () => sign({}, { typ: undefined }),
  'that is a logout token': () => sign({}, { typ: 'logout+jwt' }),
  'of an application that is not mapped': () => sign({ client_id: 'nobody' }),
  'whose application is named like a part of every object': () => sign({ client_id: '__proto__' }),
  'whose application is no text': () => sign({ client_id: ['shop'] }),
  'bound to a key in a way that is not known here': () => sign({ cnf: { kid: 'x' } }),
  'with details of an authorization that cannot be enforced here': () =>
    sign({ authorization_details: [{ type: 'account_information' }] }),
}

describe('a token of an issuer outside', () => {
  test.each(Object.entries(attacks))('%s is refused', async (_what, make) => {
    expect(await stage().identify(await make())).toBeUndefined()
  })

  test('is taken by one issuer only, and for its own applications only', async () => {
    const found = await stage().identify(await sign({ iss: other }, {}, otherKeys.privateKey))
    expect(found).toMatchObject({ applicationId: 'app_of_other', credentialId: 'iss_2' })
  })

  test('larger than any that is kept is refused unread', async () => {
    const external = stage()
    await external.identify(await sign())
    expect(external.mayBe(await sign())).toBe(true)
    expect(external.mayBe(await sign({ filler: 'x'.repeat(9_000) }))).toBe(false)
  })

  test('of nobody known costs nothing, nor does one of ours with a typing error', async () => {
    const external = stage(issuer())
    await external.identify(await sign())
    expect(external.mayBe(await sign({ iss: other }))).toBe(false)
    expect(external.mayBe(await sign({ iss: own }))).toBe(false)
    expect(external.mayBe('pgt_live_mistyped')).toBe(false)
    expect(external.mayBe('whatever')).toBe(false)
  })

  test('is not taken from whoever is configured under our own name', async () => {
    const external = stage(issuer({ issuer: own }))
    expect(await external.identify(await sign({ iss: own }))).toBeUndefined()
    expect(external.mayBe(await sign({ iss: own }))).toBe(false)
  })

  test('with an algorithm that is not allowed, or another type, makes us fetch nothing', async () => {
    const external = stage()
    for (const name of ['without a signature (alg none)', 'that is an ID token', 'that is a logout token'])
      await external.identify(await attacks[name]!())
    expect(fetched).toEqual([])
  })
})

describe('a flood of kids that nobody knows', () => {
  test('leads to one question more, and to no other within the cool-down', async () => {
    const external = stage()
    expect(await external.identify(await sign())).toBeDefined()
    expect(fetched).toHaveLength(1)
    clock += 31_000
    const unknown = await Promise.all(Array.from({ length: 50 }, (_, i) => sign({}, { kid: `made-up-${i}` })))
    const found = await Promise.all(unknown.map((token) => external.identify(token)))
    expect(found.every((one) => one === undefined)).toBe(true)
    for (const token of unknown) await external.identify(token)
    expect(fetched).toHaveLength(2)
    expect(await external.identify(await sign())).toBeDefined()
  })

  test('does not hide a new key of the issuer once the cool-down is over', async () => {
    const external = stage()
    await external.identify(await sign({}, { kid: 'made-up' }))
    const fresh = await newPair('key-2')
    sets[`${idp}/jwks`]!.push(fresh.jwk)
    const token = await sign({}, { kid: 'key-2' }, fresh.privateKey)
    expect(await external.identify(token)).toBeUndefined()
    clock += 31_000
    expect(await external.identify(token)).toBeDefined()
  })
})

test('keys without a kid are tried, a few of them, and private or foreign ones are not', async () => {
  const { kid: _, ...bare } = keys.jwk
  const pairs = await Promise.all(Array.from({ length: 10 }, () => newPair('')))
  sets[`${idp}/jwks`] = [bare, ...pairs.map(({ jwk: { kid: __, ...jwk } }) => jwk)]
  const external = stage()
  const nameless = (key: CryptoKey) => sign({}, { kid: undefined }, key)
  expect(await external.identify(await nameless(keys.privateKey))).toBeDefined()
  expect(await external.identify(await nameless(pairs.at(-1)!.privateKey))).toBeUndefined()

  sets[`${other}/jwks`] = [{ ...(await exportJWK(otherKeys.privateKey)), kid: 'key-1' }]
  const byPrivate = await sign({ iss: other }, {}, otherKeys.privateKey)
  expect(await stage().identify(byPrivate)).toBeUndefined()
})
