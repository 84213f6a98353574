import { describe, expect, test } from '@jest/globals'
import { proofKeyOf, senderConstraintOf } from '../../../../policies/oauth2/sender-constraint.ts'
import { ClientSettings } from '../../../../registry/oauth-model.ts'
import { newDpopKey } from '../../../support/dpop.ts'
import { authorizationServer, client, issuer } from '../../../support/oauth.ts'

const now = 1_700_000_000_000
const key = newDpopKey()
const url = `${issuer}/oauth2/token`
const certificate = { subject: 'CN=shop', thumbprint: 'thumb', header: '', pem: '' }

function server(more: object = {}) {
  const { deps } = authorizationServer(undefined, { now: () => now, ...more })
  return {
    deps,
    ask: (settings: object, req: object = {}) =>
      senderConstraintOf(request(req), new Map(), client({ settings: ClientSettings.parse(settings) }), deps),
    keyOf: (form: Record<string, string>, req: object = {}) =>
      proofKeyOf(request(req), new Map(Object.entries(form)), deps),
  }
}

const request = (more: object) => ({
  method: 'POST',
  path: '/oauth2/token',
  query: '',
  headers: {},
  rawHeaders: [],
  rawBody: '',
  ip: '192.0.2.7',
  clientCertificate: undefined,
  ...more,
})
const withProof = (wrong?: Parameters<typeof key.proof>[1], nonce?: string) => {
  const proof = key.proof({ method: 'POST', url, now, nonce }, wrong)
  return { headers: { dpop: proof }, rawHeaders: ['DPoP', proof] }
}

describe('tokens', () => {
  test('of most clients are bound to nothing, or to the key of a proof that they send', async () => {
    const { ask } = server()
    expect(await ask({})).toBeNull()
    expect(await ask({}, withProof())).toEqual({ jkt: key.jkt })
  })

  test('of a DPoP client are bound to its key, or not given', async () => {
    const { ask } = server()
    expect(await ask({ senderConstraint: 'dpop' }, withProof())).toEqual({ jkt: key.jkt })
    await expect(ask({ senderConstraint: 'dpop' })).rejects.toMatchObject({ name: 'invalid_dpop_proof' })
  })

  test('of a FAPI client are never unbound, whatever its settings say', async () => {
    await expect(server().ask({ profile: 'fapi2' })).rejects.toMatchObject({ name: 'invalid_dpop_proof' })
  })

  test('of a client with a certificate are bound to it, or not given', async () => {
    const { ask } = server()
    const settings = { senderConstraint: 'certificate' }
    expect(await ask(settings, { clientCertificate: certificate })).toEqual({ 'x5t#S256': 'thumb' })
    await expect(ask(settings)).rejects.toMatchObject({ name: 'invalid_request' })
    await expect(ask(settings, withProof())).rejects.toMatchObject({ name: 'invalid_request' })
  })

  test('are bound to nothing when the proof is bad', async () => {
    const { ask } = server()
    for (const wrong of [
      { claims: { htm: 'GET' } },
      { claims: { htu: `${issuer}/oauth2/par` } },
      { header: { alg: 'none' } },
    ])
      await expect(ask({}, withProof(wrong))).rejects.toMatchObject({ name: 'invalid_dpop_proof', code: 400 })
  })
})

test('of fifty uses of one proof at the same time one is the first', async () => {
  const { ask } = server()
  const proof = withProof()
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => ask({}, proof)))
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a nonce is given to who lacks one, where it is required', async () => {
  const { ask, deps } = server({ isDpopNonceRequired: true })
  const dpopNonce = deps.dpop.nonce()
  await expect(ask({}, withProof())).rejects.toMatchObject({ name: 'use_dpop_nonce', dpopNonce })
  expect(await ask({}, withProof({}, dpopNonce))).toEqual({ jkt: key.jkt })
})

test('a code is bound to the key that is proved or named; both must be the same', async () => {
  const { keyOf } = server()
  expect(await keyOf({})).toBeUndefined()
  expect(await keyOf({ dpop_jkt: key.jkt })).toBe(key.jkt)
  expect(await keyOf({}, withProof())).toBe(key.jkt)
  expect(await keyOf({ dpop_jkt: key.jkt }, withProof())).toBe(key.jkt)
  await expect(keyOf({ dpop_jkt: newDpopKey().jkt }, withProof())).rejects.toMatchObject({
    name: 'invalid_request',
  })
})
