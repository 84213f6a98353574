import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { updateApplication } from '../../registry/applications.ts'
import { createIssuer, deleteIssuer, getIssuer, updateIssuer } from '../../registry/issuers.ts'
import { createSigningKey } from '../../registry/signing-keys.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { type ExternalIssuer, startExternalIssuer } from '../support/external-issuer.ts'
import { tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call } from '../support/wire.ts'

let stage: Stage
let echo: Echo
let idp: ExternalIssuer
let api: StagedApi
beforeAll(async () => {
  idp = await startExternalIssuer()
  stage = await startStage(idp.env)
  stage.keep(idp)
  echo = stage.keep(await startEcho())
  await createSigningKey(stage.platform.registry, tester, { algorithm: 'ES256', signsFrom: 0 })
  api = await stage.api('external', { targets: [{ url: echo.url }], policies: { 'phantom-token': {} } })
}, 60_000)
afterAll(() => stage?.close())

const callWith = (token: string) =>
  call(`${api.url}/accounts/1/balance`, { headers: { authorization: `Bearer ${token}` } })

const byKeys = () => ({
  name: 'bank-idp',
  issuer: idp.url,
  environment: 'live' as const,
  audiences: ['https://api.bank.example'],
  applications: { 'their-client': api.applicationId },
  verification: { by: 'keys' as const, jwksUri: `${idp.url}/jwks` },
})

describe('JWTs of an issuer outside', () => {
  test('are taken as soon as it is known, for the application that they are mapped to', async () => {
    expect((await callWith(await idp.sign())).status).toBe(401)
    const { value: issuer } = await createIssuer(stage.platform.registry, tester, byKeys())
    await until(async () => (await callWith(await idp.sign())).status === 200, { timeoutMs: 1_000 })
    const token = await idp.sign()
    const answer = await callWith(token)
    const { headers } = answer.json() as unknown as { headers: string[] }
    const sent = headers[headers.findIndex((name) => name.toLowerCase() === 'authorization') + 1]!
    expect(sent).not.toContain(token)
    expect(decodeJwt(sent.slice('Bearer '.length))).toMatchObject({
      sub: `${issuer.id}:ada`,
      application_id: api.applicationId,
      partner_id: api.partnerId,
      scope: 'payments:write accounts:read',
    })
  })

  test('cost each thread one question for the keys', async () => {
    for (let i = 0; i < 20; i++) expect((await callWith(await idp.sign())).status).toBe(200)
    expect(idp.keysAsked()).toBeLessThanOrEqual(2)
  })

  test('of an application that is suspended are refused within a second, and taken again after that', async () => {
    const token = await idp.sign()
    expect((await callWith(token)).status).toBe(200)
    const { registry } = stage.platform
    const till = { name: 'till', title: 'Till' }
    await updateApplication(registry, tester, api.applicationId, { ...till, isSuspended: true })
    await until(async () => (await callWith(token)).status === 401, { timeoutMs: 1_000 })
    await updateApplication(registry, tester, api.applicationId, till)
    await until(async () => (await callWith(token)).status === 200, { timeoutMs: 1_000 })
  })

  test('are refused within a second when the issuer is suspended or forgotten', async () => {
    const { registry } = stage.platform
    const token = await idp.sign()
    expect((await callWith(token)).status).toBe(200)
    const { value } = await getIssuer(registry, 'bank-idp')
    await updateIssuer(registry, tester, value.id, { ...byKeys(), isSuspended: true })
    await until(async () => (await callWith(token)).status === 401, { timeoutMs: 1_000 })
    await updateIssuer(registry, tester, value.id, byKeys())
    await until(async () => (await callWith(token)).status === 200, { timeoutMs: 1_000 })
    await deleteIssuer(registry, tester, value.id)
    await until(async () => (await callWith(token)).status === 401, { timeoutMs: 1_000 })
  })
})

describe('opaque tokens of an issuer that is asked', () => {
  test('are taken when it says that they are active, asked for once in a while, and never with our own', async () => {
    const { registry } = stage.platform
    await createIssuer(registry, tester, {
      ...byKeys(),
      name: 'asked-idp',
      issuer: 'https://asked.example',
      verification: {
        by: 'introspection',
        endpoint: `${idp.url}/introspect`,
        clientId: 'gateway:1',
        clientSecret: 'p@ss word',
        tokenPrefix: 'opaque-',
      },
    })
    const active = {
      active: true,
      iss: 'https://asked.example',
      aud: 'https://api.bank.example',
      client_id: 'their-client',
      scope: 'accounts:read',
      exp: Math.floor(Date.now() / 1000) + 300,
    }
    idp.answers.set('opaque-good', active)
    idp.answers.set('opaque-other-issuer', { ...active, iss: idp.url })
    idp.answers.set('opaque-other-audience', { ...active, aud: 'https://shop.example' })
    idp.answers.set('opaque-other-client', { ...active, client_id: 'nobody' })
    idp.answers.set('opaque-over', { ...active, exp: 1 })
    await until(async () => (await callWith('opaque-good')).status === 200, { timeoutMs: 2_000 })
    const before = idp.introspected.length
    for (let i = 0; i < 10; i++) expect((await callWith('opaque-good')).status).toBe(200)
    expect(idp.introspected.length - before).toBeLessThanOrEqual(1) // the other thread, the first time
    const expected = `Basic ${Buffer.from('gateway%3A1:p%40ss+word').toString('base64')}`
    expect(idp.introspected[0]!.authorization).toBe(expected)
    for (const name of ['unknown', 'other-issuer', 'other-audience', 'other-client', 'over'])
      expect([name, (await callWith(`opaque-${name}`)).status]).toEqual([name, 401])
    expect((await callWith('pgt_live_mistyped')).status).toBe(401)
    expect((await callWith('something-else')).status).toBe(401)
    expect(idp.introspected.every(({ token }) => token.startsWith('opaque-'))).toBe(true)
  })

  test('are answered 503 while it cannot be asked, without a word of why', async () => {
    idp.status = 500
    const answer = await callWith('opaque-late')
    idp.status = 200
    expect([answer.status, answer.json().code]).toEqual([503, 'issuer-unavailable'])
    expect(answer.body.toString()).not.toContain(idp.url)
    expect(stage.gateway.output()).not.toContain('opaque-late')
    expect(stage.gateway.output()).not.toContain('p@ss word')
  })
})
