import type { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { updateCredential } from '../../registry/credentials.ts'
import {
  endToken,
  endTokensOfApplication,
  endTokensOfClient,
  listTokens,
} from '../../registry/live-tokens.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections } from '../support/load.ts'
import { fetchToken } from '../support/oauth-token.ts'
import {
  addPartner,
  type Demo,
  type Platform,
  publishDemo,
  startPlatform,
  tester,
} from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let gateways: GatewayProcess[]
let demo: Demo
const perGateway = 12
const agents: Agent[] = []

beforeAll(async () => {
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
  demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
  gateways = await Promise.all(
    [1, 2, 3].map((n) => platform.gateway({ GATEWAY_ID: `gateway-${n}`, LOG_ACCESS: 'off' })),
  )
  await Promise.all(gateways.map((gateway) => gateway.serves(demo.snapshot)))
  agents.push(...gateways.map(() => connections(perGateway)))
}, 90_000)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await platform?.close()
  await echo?.close()
})

/** One call on every connection of every gateway at once: each of its threads has some of them. */
async function statuses(token: string): Promise<number[]> {
  const headers = { authorization: `Bearer ${token}` }
  const answers = await Promise.all(
    gateways.flatMap((gateway, i) =>
      Array.from({ length: perGateway }, () =>
        callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers, agent: agents[i]! }),
      ),
    ),
  )
  return [...new Set(answers.map(({ status }) => status))]
}

let count = 0
const shop = () => addPartner(platform.registry, `shop-${count++}`, demo.versionId)

test('nobody registers a client where nobody has allowed it', async () => {
  const answer = await fetch(`${gateways[0]!.url}/oauth2/register`, { method: 'POST' })
  expect(answer.status).toBe(404)
})

describe('at three gateways of two threads, within a second', () => {
  test.each([
    [
      'an access token ends that was ended by its id',
      async ({ applicationId }: { applicationId: string }) => {
        const { items } = await listTokens(platform.registry, applicationId)
        await endToken(platform.registry, tester, applicationId, items[0]!.id)
      },
    ],
    [
      'all tokens of a client end',
      ({ clientId }: { clientId: string }) => endTokensOfClient(platform.registry, tester, clientId),
    ],
    [
      'all tokens of an application end',
      ({ applicationId }: { applicationId: string }) =>
        endTokensOfApplication(platform.registry, tester, applicationId),
    ],
    [
      'a scope that was taken from a client is gone from its token',
      ({ clientId }: { clientId: string }) =>
        updateCredential(platform.registry, tester, clientId, { scopes: ['payments:write'] }),
    ],
  ])('%s', async (_name, end: (shop: { clientId: string; applicationId: string }) => Promise<unknown>) => {
    const party = await shop()
    const token = await fetchToken(gateways[0]!.url, party)
    expect(await statuses(token)).toEqual([200])
    await end(party)
    const endedAt = performance.now()
    await until(async () => !(await statuses(token)).includes(200))
    expect(performance.now() - endedAt).toBeLessThan(1_000)
    // And it stays so, whoever asks.
    expect(await statuses(token)).not.toContain(200)
  })
})
