import { describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { createPublicKeys } from '../../policies/proof/keys.ts'
import { issuer, post, visit } from '../support/oauth.ts'
import { asks, grantStage } from '../support/oauth-grants.ts'

/** A client whose set of keys is large, to make the server try each for whoever sends something that looks signed. */

const key = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(key.publicKey)
const seconds = 1_000 // the clock of the stage

function stage(keys: JWK[]) {
  const known = createPublicKeys()
  let reads = 0
  const publicKeys = {
    read(given: unknown) {
      reads++
      return known.read(given)
    },
  }
  const settings = { authentication: 'private_key_jwt', jwksUri: 'https://shop.example/jwks' } as const
  const all = grantStage({ settings, deps: { publicKeys, fetchJwks: async () => keys } })
  return { ...all, reads: () => reads }
}

const sign = (claims: object, kid?: string) =>
  new SignJWT({ iss: 'crd_shop', client_id: 'crd_shop', aud: issuer, exp: seconds + 60, ...claims })
    .setProtectedHeader({ alg: 'ES256', ...(kid !== undefined && { kid }) })
    .sign(key.privateKey)
const others = (count: number, more: object = {}) =>
  Promise.all(
    Array.from({ length: count }, async () => ({
      ...(await exportJWK((await generateKeyPair('ES256')).publicKey)),
      ...more,
    })),
  )

describe('of a large set of keys no more than a few are tried', () => {
  test.each([
    ['without a kid', undefined],
    ['where all have the same kid', 'same'],
  ])('%s', async (_which, kid) => {
    const keys = await others(40, { kid })
    const { server, reads } = stage(keys)
    await visit(server.authorize, { client_id: 'crd_shop', request: await sign(asks, kid) })
    expect(reads()).toBe(4)
    await post(server.token, {
      grant_type: 'refresh_token',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await sign({ sub: 'crd_shop', jti: 'one' }, kid),
    })
    expect(reads()).toBe(8)
  })

  test('and the one that is named is found, wherever it stands; so is the only one that fits', async () => {
    const named = stage([...(await others(10)), { ...jwk, kid: 'mine' }])
    const only = stage([...(await others(10, { use: 'enc' })), jwk])
    for (const [{ server }, kid] of [
      [named, 'mine'],
      [only, undefined],
    ] as const) {
      const { to } = await visit(server.authorize, { client_id: 'crd_shop', request: await sign(asks, kid) })
      expect(to!.pathname).toMatch(/^\/oauth2\/interaction\//)
    }
  })
})
