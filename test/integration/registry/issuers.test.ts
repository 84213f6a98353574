import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createApplication, deleteApplication } from '../../../registry/applications.ts'
import { listAudit } from '../../../registry/audit.ts'
import {
  createIssuer,
  deleteIssuer,
  getIssuer,
  listIssuers,
  listSealedIssuers,
  openClientSecret,
  updateIssuer,
} from '../../../registry/issuers.ts'
import { createPartner } from '../../../registry/partners.ts'
import { rewrapSecrets } from '../../../registry/sealed.ts'
import type { Registry } from '../../../registry/store.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'
import { actor } from './fixtures.ts'

let r: Registry & { close(): Promise<void> }
let applicationId: string
beforeEach(async () => {
  r = await testRegistry()
  const partner = await createPartner(r, actor, { name: 'shop', title: 'Shop' })
  const application = await createApplication(r, actor, partner.value.id, { name: 'till', title: 'Till' })
  applicationId = application.value.id
})
afterEach(() => r.close())
afterAll(stopSharedRedis)

const byKeys = (more: object = {}) => ({
  name: 'idp',
  issuer: 'https://idp.example',
  environment: 'live' as const,
  audiences: ['https://api.bank.example'],
  applications: { 'their-client': applicationId },
  verification: { by: 'keys' as const, jwksUri: 'https://idp.example/jwks' },
  ...more,
})
const secret = 'the-secret-of-the-gateway'
const asked = (more: object = {}) => ({
  by: 'introspection' as const,
  endpoint: 'https://idp.example/introspect',
  clientId: 'gateway',
  clientSecret: secret,
  ...more,
})

describe('an issuer outside', () => {
  test('is made, shown, changed and forgotten, and the registry is whole all the while', async () => {
    const made = await createIssuer(r, actor, byKeys())
    expect((await getIssuer(r, 'idp')).value).toMatchObject({
      id: made.value.id,
      isSuspended: false,
      applicationClaim: 'client_id',
      scopeClaim: 'scope',
      clockToleranceSeconds: 10,
      verification: { algorithms: ['PS256', 'ES256', 'EdDSA'], tokenType: 'at+jwt' },
    })
    await updateIssuer(r, actor, made.value.id, byKeys({ title: 'Bank' }), made.etag)
    await expect(updateIssuer(r, actor, made.value.id, byKeys(), made.etag)).rejects.toMatchObject({
      code: 'precondition-failed',
    })
    expect((await listIssuers(r)).items.map(({ value }) => value.title)).toEqual(['Bank'])
    expect(await verifyRegistry(r)).toEqual([])
    await deleteIssuer(r, actor, made.value.id)
    expect(await verifyRegistry(r)).toEqual([])
    expect((await listAudit(r)).items.slice(0, 3).map((e) => `${e.noun} ${e.action}`)).toEqual([
      'issuer delete',
      'issuer update',
      'issuer create',
    ])
  })

  test('has its `iss` to itself, also when several are made at the same time', async () => {
    const tries = Array.from({ length: 10 }, (_, i) => createIssuer(r, actor, byKeys({ name: `idp-${i}` })))
    const done = await Promise.allSettled(tries)
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const one of done)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'name-taken' })
  })

  test('names only applications that there are, which then cannot go', async () => {
    const nobody = createIssuer(r, actor, byKeys({ applications: { x: 'app_none' } }))
    await expect(nobody).rejects.toMatchObject({ code: 'not-found' })
    const made = await createIssuer(r, actor, byKeys())
    await expect(deleteApplication(r, actor, applicationId)).rejects.toMatchObject({
      code: 'state-conflict',
      detail: 'It cannot be deleted while an issuer refers to it.',
    })
    await deleteIssuer(r, actor, made.value.id)
    await deleteApplication(r, actor, applicationId)
  })

  test.each([
    ['no audience', { audiences: [] }, '/audiences'],
    [
      'no algorithm',
      { verification: { by: 'keys', jwksUri: 'https://a.example', algorithms: [] } },
      '/verification/algorithms',
    ],
    [
      'a shared secret',
      { verification: { by: 'keys', jwksUri: 'https://a.example', algorithms: ['HS256'] } },
      '/verification/algorithms/0',
    ],
    [
      'keys without TLS',
      { verification: { by: 'keys', jwksUri: 'http://a.example' } },
      '/verification/jwksUri',
    ],
    [
      'an endpoint without TLS',
      { verification: { ...asked(), endpoint: 'http://a.example' } },
      '/verification/endpoint',
    ],
    ['no secret', { verification: asked({ clientSecret: undefined }) }, '/verification/clientSecret'],
  ])('is refused with %s', async (_what, more, pointer) => {
    const refused = createIssuer(r, actor, byKeys(more) as never)
    await expect(refused).rejects.toMatchObject({ code: 'input-invalid', errors: [{ pointer }] })
  })
})

describe('the client secret of an issuer that is asked', () => {
  test('is kept sealed, shown to nobody, and goes to no other endpoint', async () => {
    const made = await createIssuer(r, actor, byKeys({ verification: asked() }))
    expect(JSON.stringify(made)).not.toMatch(/secret/i)
    const stays = byKeys({ title: 'Bank', verification: asked({ clientSecret: undefined }) })
    await updateIssuer(r, actor, made.value.id, stays)
    const [kept] = await listSealedIssuers(r)
    expect(openClientSecret(r, kept!)).toBe(secret)
    expect(() => openClientSecret(r, { ...kept!, id: 'iss_other' })).toThrow()
    const moved = { endpoint: 'https://evil.example/introspect', clientSecret: undefined }
    await expect(
      updateIssuer(r, actor, made.value.id, byKeys({ verification: asked(moved) })),
    ).rejects.toMatchObject({ code: 'input-invalid' })
    const all = JSON.stringify([kept, await listAudit(r)])
    expect(all).not.toContain(secret)
    expect(JSON.stringify(await listAudit(r))).not.toContain(kept!.sealedClientSecret)
  })

  test('is sealed anew with the others', async () => {
    await createIssuer(r, actor, byKeys({ verification: asked() }))
    const fresh = { id: 'two', key: randomBytes(32) }
    const both = { ...r, secrets: { ...r.secrets, sealKeys: [fresh, ...r.secrets.sealKeys] } }
    expect(await rewrapSecrets(both, actor)).toEqual({ examined: 1, rewrapped: 1 })
    const [kept] = await listSealedIssuers(r)
    expect(openClientSecret({ ...r, secrets: { ...r.secrets, sealKeys: [fresh] } }, kept!)).toBe(secret)
  })

  test('is refused where no seal key is there to keep it', async () => {
    const poor = { ...r, secrets: { ...r.secrets, sealKeys: [] } }
    const refused = createIssuer(poor, actor, byKeys({ verification: asked() }))
    await expect(refused).rejects.toMatchObject({ code: 'state-conflict' })
  })
})
