import { expect, test } from '@jest/globals'
import { verifier } from '../support/authorization-request.ts'
import { post } from '../support/oauth.ts'
import { asks, grantStage, redirectUri } from '../support/oauth-grants.ts'

/** Anybody can say that it is a public client: what is counted of it must not end it for all who have the application. */

function stage() {
  const all = grantStage({ settings: { authentication: 'none' } })
  const redeemFrom = (ip: string, code: string) =>
    post(
      all.server.token,
      {
        ...{ client_id: 'crd_shop', grant_type: 'authorization_code', code },
        ...{ redirect_uri: redirectUri, code_verifier: verifier },
      },
      { ip },
    )
  const pushFrom = (ip: string) => post(all.server.push, asks, { ip, path: '/oauth2/par' })
  return { ...all, redeemFrom, pushFrom }
}

test('a stranger who uses up the token endpoint locks out nobody elsewhere', async () => {
  const { redeemFrom, codeFor } = stage()
  for (let i = 0; i < 1_000; i++) await redeemFrom('198.51.100.1', 'guess')
  expect(await redeemFrom('198.51.100.1', await codeFor())).toMatchObject({ status: 429 })
  expect(await redeemFrom('192.0.2.7', await codeFor())).toMatchObject({ status: 200 })
})

test('nor one who uses up the endpoint for pushed requests', async () => {
  const { pushFrom } = stage()
  for (let i = 0; i < 1_000; i++) await pushFrom('198.51.100.1')
  expect(await pushFrom('198.51.100.1')).toMatchObject({ status: 429 })
  expect(await pushFrom('192.0.2.7')).toMatchObject({ status: 201 })
})

test('a client that proves itself has one count, from wherever it asks', async () => {
  const { server, redeem, codeFor } = grantStage()
  for (let i = 0; i < 1_000; i++) await redeem('guess')
  const form = { client_id: 'crd_shop', client_secret: 'shop-secret', grant_type: 'refresh_token' }
  expect(await post(server.token, form, { ip: '198.51.100.1' })).toMatchObject({ status: 429 })
  expect(await redeem(await codeFor())).toMatchObject({ status: 429 })
})
