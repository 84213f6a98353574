import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { importJWK } from 'jose'
import * as client from 'openid-client'

/** A shop that has a person allow one payment under FAPI 2.0. Run it beside `npm start`; docs/oauth.md walks through it. */
const demo = JSON.parse(readFileSync(process.env.DEMO ?? '.data/demo.json', 'utf8'))
const key = (await importJWK(JSON.parse(readFileSync(demo.fapi2KeyFile, 'utf8')), 'ES256')) as CryptoKey
const kid = JSON.parse(readFileSync(demo.fapi2KeyFile, 'utf8')).kid

const config = await client.discovery(
  new URL(demo.gateway),
  demo.fapi2ClientId,
  undefined,
  client.PrivateKeyJwt({ key, kid }),
  { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }, // http: on this machine only
)
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const payment = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Demo Shop',
  creditorAccount: { iban: 'DE02100100109307118603' },
}
const address = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: demo.redirectUri,
    scope: 'payments:write',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    authorization_details: JSON.stringify([payment]),
  },
  { DPoP },
)
console.log(`Open this, and sign in as ada with the password analytical-engine:\n${address}`)

const checks = { pkceCodeVerifier: verifier, expectedState: state }
const back = await comesBackTo(demo.redirectUri)
if (back.searchParams.has('error')) {
  console.error(`No payment: ${back.searchParams.get('error_description') ?? back.searchParams.get('error')}`)
  process.exit(1)
}
const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
console.log(
  `Allowed: ${JSON.stringify(tokens.authorization_details)}; the token is for ${tokens.token_type} only`,
)

const body = JSON.stringify({ amount: 1250, account_id: 'acc_1' })
const headers = new Headers({ 'content-type': 'application/json' })
const at = new URL(demo.gateway + demo.paymentPath)
const paid = await client.fetchProtectedResource(config, tokens.access_token, at, 'POST', body, headers, {
  DPoP,
})
console.log(`${paid.status} ${await paid.text()}`)

/** Waits for the browser. */
function comesBackTo(redirectUri: string): Promise<URL> {
  const { port, origin, pathname } = new URL(redirectUri)
  return new Promise((resolve) => {
    const server = createServer((req, res) => {
      const url = new URL(req.url ?? '', origin)
      if (url.pathname !== pathname) return void res.writeHead(404).end()
      res.end('Done. Go back to the terminal.')
      server.close()
      server.closeIdleConnections()
      resolve(url)
    }).listen(Number(port), '127.0.0.1')
  })
}
