import { curlPath } from './inputs.ts'
import type { DemoLinks } from './people.ts'

/** What `DATA_DIR/demo.json` holds: all that a script needs to play the partner or the platform engineer. */
export interface DemoFile {
  readonly gateway: string
  readonly admin: string
  readonly metrics: string
  readonly adminToken: string
  readonly apiKey: string
  readonly clientId: string
  readonly clientSecret: string
  readonly tokenEndpoint: string
  readonly publicClientId: string
  readonly fapi2ClientId: string
  readonly fapi2KeyFile: string
  readonly redirectUri: string
  readonly paymentPath: string
  readonly deniedScopePath: string
}

/** The page shown when all is ready: addresses, credentials, and three lines to paste. */
export function welcome(demo: DemoFile, links: DemoLinks, dataDir: string): string {
  const payment = `-H 'content-type: application/json' -d '{"amount": 1250, "account_id": "acc_1"}'`
  return `
The platform is ready.

  Console    ${demo.admin}
  Gateway    ${demo.gateway}
  Admin API  ${demo.admin}/docs
  Metrics    ${demo.metrics}/metrics
  Logs       ${dataDir}/logs

  Admin token    ${demo.adminToken}
  API key        ${demo.apiKey}
  Client id      ${demo.clientId}
  Client secret  ${demo.clientSecret}
  People         ada / analytical-engine, lin / moonlight-lotus with code 424242 (docs/sign-in.md)
${linksText(links)}
Paste these into another terminal:

# 1. Pay with an API key
curl -i ${demo.gateway}${demo.paymentPath} -H 'x-api-key: ${demo.apiKey}' ${payment}

# 2. Get an OAuth token, then pay with it
TOKEN=$(curl -s ${demo.tokenEndpoint} -u '${demo.clientId}:${demo.clientSecret}' -d grant_type=client_credentials | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'); curl -i ${demo.gateway}${demo.paymentPath} -H "authorization: Bearer $TOKEN" ${payment}

# 3. Ask for a balance seven times: five a minute are allowed
for i in 1 2 3 4 5 6 7; do curl -s -o /dev/null -w '%{http_code}\\n' ${demo.gateway}${curlPath} -H 'x-api-key: ${demo.apiKey}'; done

Let a person allow a payment under FAPI 2.0 (sign in as ada, analytical-engine):
DEMO='${dataDir}/demo.json' npm run example:fapi2

Ctrl-C stops everything. What was registered is kept in ${dataDir}.
`
}

/** Each works once; who has used theirs signs in. */
function linksText({ ownerLink, partnerLink }: DemoLinks): string {
  const lines = [
    ...(ownerLink ? [`  Platform  ${ownerLink}`] : []),
    ...(partnerLink ? [`  Partner   ${partnerLink}`] : []),
  ]
  return lines.length === 0
    ? ''
    : `\nOpen these in a browser to choose a password for the console (each works once):\n\n${lines.join('\n')}\n`
}
