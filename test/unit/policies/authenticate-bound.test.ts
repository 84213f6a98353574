import { beforeEach, describe, expect, test } from '@jest/globals'
import { authenticate } from '../../../policies/authenticate/index.ts'
import type { ClientCertificate, Deps, IncomingRequest } from '../../../policies/policy.ts'
import { problem } from '../../../registry/base/problem.ts'
import { TokenGrant } from '../../../registry/model.ts'
import type { Confirmation } from '../../../registry/oauth-model.ts'
import { dpopVerifier, newDpopKey } from '../../support/dpop.ts'
import { ask, compile, exchange, identity, liveToken, route } from '../../support/policy-run.ts'

const key = newDpopKey()
const url = 'https://api.bank.example/payments/v1/payment'
const certificate: ClientCertificate = {
  isIssued: false,
  subject: 'CN=shop',
  thumbprint: 'own',
  header: '',
  pem: '',
}

let now: number
beforeEach(() => {
  now = 1_700_000_000_000
})

const holderOf = (confirmation: Confirmation | null) =>
  identity({
    method: 'bearer',
    grant: TokenGrant.parse({
      credentialId: 'crd_1',
      applicationId: 'app_1',
      partnerId: 'par_1',
      environment: 'live',
      scopes: [],
      issuedAt: 0,
      expiresAt: 2_000_000_000_000,
      confirmation,
    }),
  })

const hooksFor = (confirmation: Confirmation | null, config: object = {}, more: Partial<Deps> = {}) =>
  compile(authenticate, config, {
    now: () => now,
    findIdentityByToken: () => holderOf(confirmation),
    ...more,
  })

type Wrong = Parameters<typeof key.proof>[1]
const proofFor = (wrong?: Wrong, nonce?: string, by = key) =>
  by.proof({ method: 'POST', url, accessToken: liveToken, nonce, now }, wrong)
const call = (scheme: string, proofs: string[] = [], more: Partial<IncomingRequest> = {}) =>
  exchange({
    method: 'POST',
    headers: { authorization: `${scheme} ${liveToken}` },
    rawHeaders: proofs.flatMap((proof) => ['DPoP', proof]),
    ...more,
  })
const refusal = (hooks: ReturnType<typeof hooksFor>, x: ReturnType<typeof call>) =>
  ask(hooks, x).then(
    () => 'let in',
    (error) => [error.row.status, /error="(\w+)"/.exec(error.headers?.['WWW-Authenticate'])?.[1]],
  )

describe('a token that is bound to a key', () => {
  const bound = () => hooksFor({ jkt: key.jkt })

  test('is good with a proof of that key', async () => {
    const x = call('DPoP', [proofFor()])
    await ask(bound(), x)
    expect(x.identity).toMatchObject({ applicationId: 'app_1', method: 'bearer' })
  })

  test('is not good under Bearer, with a proof or without', async () => {
    expect(await refusal(bound(), call('Bearer'))).toEqual([401, 'invalid_token'])
    expect(await refusal(bound(), call('Bearer', [proofFor()]))).toEqual([401, 'invalid_token'])
  })

  test.each<[string, () => string[]]>([
    ['no proof', () => []],
    ['two proofs', () => [proofFor(), proofFor()]],
    ['a proof by another key', () => [proofFor({}, undefined, newDpopKey())]],
    ['a proof for another token', () => [proofFor({ claims: { ath: 'x' } })]],
    ['a proof for another method', () => [proofFor({ claims: { htm: 'GET' } })]],
    ['a proof for another address', () => [proofFor({ claims: { htu: `${url}/1` } })]],
    ['an old proof', () => [proofFor({ claims: { iat: now / 1000 - 61 } })]],
  ])('is not good with %s', async (_what, proofs) => {
    expect(await refusal(bound(), call('DPoP', proofs()))).toEqual([401, 'invalid_dpop_proof'])
  })

  test('is not good with a proof that came before', async () => {
    const hooks = bound()
    const proof = proofFor()
    expect(await refusal(hooks, call('DPoP', [proof]))).toBe('let in')
    expect(await refusal(hooks, call('DPoP', [proof]))).toEqual([401, 'invalid_dpop_proof'])
  })

  test('is not good while nobody can say whether the proof came before', async () => {
    const hooks = hooksFor(
      { jkt: key.jkt },
      {},
      {
        isFirstProof: async () => {
          throw problem('store-unavailable')
        },
      },
    )
    await expect(ask(hooks, call('DPoP', [proofFor()]))).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('is for the host that the call was routed by, and no other that it names', async () => {
    const routing = { by: 'host', hosts: ['pay.bank.example'], basePath: '/payments/v1' } as const
    const at = (htu: string, host: string, of = route()) => {
      const x = call('DPoP', [proofFor({ claims: { htu } })], { host })
      x.route = of
      return refusal(bound(), x)
    }
    const byHost = route({ routing: { ...routing, hosts: ['pay.bank.example'] } })
    const here = 'https://pay.bank.example/payments/v1/payment'
    expect(await at(here, 'pay.bank.example', byHost)).toBe('let in')
    expect(await at(here, 'pay.bank.example')).toEqual([401, 'invalid_dpop_proof'])
    expect(await at('https://evil.example/payments/v1/payment', 'evil.example')).toEqual([
      401,
      'invalid_dpop_proof',
    ])
  })

  test('says under which scheme it is to be sent, and where tokens are had', async () => {
    await expect(ask(bound(), call('Bearer'))).rejects.toMatchObject({
      headers: {
        'WWW-Authenticate': expect.stringMatching(
          /^DPoP realm="[^"]+", algs="PS256 ES256 EdDSA Ed25519", error="invalid_token", .*resource_metadata="https:\/\/api\.bank\.example\/\.well-known\/oauth-protected-resource\/payments\/v1", Bearer realm=/,
        ),
      },
    })
  })

  test('needs a nonce where that is asked for, and is given one', async () => {
    const verifier = dpopVerifier(() => now)
    const hooks = hooksFor({ jkt: key.jkt }, { requireDpopNonce: true })
    const without = call('DPoP', [proofFor()])
    expect(await refusal(hooks, without)).toEqual([401, 'use_dpop_nonce'])
    expect(without.responseHeaders).toEqual(['DPoP-Nonce', verifier.nonce()])
    const x = call('DPoP', [proofFor({}, verifier.nonce())])
    expect(await refusal(hooks, x)).toBe('let in')
    expect(x.responseHeaders).toEqual(['DPoP-Nonce', verifier.nonce()])
  })
})

describe('a token that is bound to a certificate', () => {
  const bound = () => hooksFor({ 'x5t#S256': 'own' })

  test('is good on a connection with that certificate, whoever issued it', async () => {
    expect(await refusal(bound(), call('Bearer', [], { clientCertificate: certificate }))).toBe('let in')
  })

  test('is not good with another, with none, or under DPoP', async () => {
    const clientCertificate = { ...certificate, thumbprint: 'other' }
    expect(await refusal(bound(), call('Bearer', [], { clientCertificate }))).toEqual([401, 'invalid_token'])
    expect(await refusal(bound(), call('Bearer'))).toEqual([401, 'invalid_token'])
    const proven = call('DPoP', [proofFor()], { clientCertificate: certificate })
    expect(await refusal(bound(), proven)).toEqual([401, 'invalid_token'])
  })
})

describe('a token that is bound to nothing', () => {
  test('is answered at once, and is not good under DPoP', async () => {
    const hooks = hooksFor(null)
    expect(hooks.onRequest!(call('Bearer'))).toBeUndefined()
    expect(await refusal(hooks, call('DPoP', [proofFor()]))).toEqual([401, 'invalid_token'])
  })

  test('is refused where only bound ones are taken', async () => {
    const config = { requireBoundTokens: true }
    expect(await refusal(hooksFor(null, config), call('Bearer'))).toEqual([401, 'invalid_token'])
    expect(await refusal(hooksFor({ jkt: key.jkt }, config), call('DPoP', [proofFor()]))).toBe('let in')
  })
})

test('a service never sees the proof', () => {
  const headers = ['Authorization', `DPoP ${liveToken}`, 'DPoP', 'proof', 'dpop', 'again', 'Accept', '*/*']
  const x = exchange({}, { outgoing: { method: 'GET', path: '/', headers } })
  hooksFor(null).onUpstream!(x)
  expect(x.outgoing!.headers).toEqual(['Accept', '*/*'])
})
