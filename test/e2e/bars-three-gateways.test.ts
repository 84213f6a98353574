import type { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revokeCredential, rotateCredential } from '../../registry/credentials.ts'
import {
  endAuthorization,
  endToken,
  endTokensOfApplication,
  endTokensOfClient,
  listTokens,
} from '../../registry/live-tokens.ts'
import {
  deleteSubscription,
  updateApplication,
  updatePartner,
  updateSubscription,
} from '../../registry/partners.ts'
import { openFamily, revokeFamily } from '../../registry/token-families.ts'
import { issueToken, revokeToken } from '../../registry/tokens.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections } from '../support/load.ts'
import { fetchToken } from '../support/oauth-token.ts'
import {
  addPartner,
  type Demo,
  type Platform,
  publishDemo,
  type Shop,
  startPlatform,
  tester,
} from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let echo: Echo
let limitedEcho: Echo
let gateways: GatewayProcess[]
let demo: Demo
let limited: Demo
let leasedEcho: Echo
let leased: Demo
/** High enough that gateways take of it ahead: at most a tenth over all, 50 each. */
const leasedLimit = 1_500
const lease = 50
/** So many connections to each gateway that each of its two threads has some of them. */
const perGateway = 12
const agents: Agent[] = []

beforeAll(async () => {
  ;[platform, echo, limitedEcho, leasedEcho] = await Promise.all([
    startPlatform(),
    startEcho({ keeps: false }),
    startEcho({ keeps: false }),
    startEcho({ keeps: false }),
  ])
  demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
  limited = await publishDemo(platform, {
    name: 'limited',
    targets: [{ url: limitedEcho.url }],
    policies: { 'rate-limit': { limit: 100, windowSeconds: 60 } },
  })
  leased = await publishDemo(platform, {
    name: 'leased',
    targets: [{ url: leasedEcho.url }],
    policies: { 'rate-limit': { limit: leasedLimit, windowSeconds: 3_600 } },
  })
  gateways = await Promise.all(
    [1, 2, 3].map((n) => platform.gateway({ GATEWAY_ID: `gateway-${n}`, LOG_ACCESS: 'off' })),
  )
  await Promise.all(gateways.map((gateway) => gateway.serves(leased.snapshot)))
  agents.push(...gateways.map(() => connections(perGateway)))
}, 90_000)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await platform?.close()
  await echo?.close()
  await limitedEcho?.close()
  await leasedEcho?.close()
})

const shop = (name: string) => addPartner(platform.registry, name, demo.versionId)

/** One call on every connection of every gateway at once. */
const callAll = (headers: Record<string, string>) =>
  Promise.all(
    gateways.flatMap((gateway, i) =>
      Array.from({ length: perGateway }, () =>
        callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers, agent: agents[i] }),
      ),
    ),
  )

describe('three gateways of two threads', () => {
  test('let exactly 100 of 1,000 calls at once through a limit of 100 a minute', async () => {
    const wide = connections(1_000)
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        callOnce(`${gateways[i % 3]!.url}/limited/v1/accounts/1/balance`, {
          headers: { 'x-api-key': limited.key },
          agent: wide,
        }),
      ),
    )
    wide.destroy()
    expect(limitedEcho.answered()).toBe(100)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(900)
    for (const { headers } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(63) // the window, and its last twentieth
    }
  }, 60_000)

  test('never exceed a limit of which they take ahead, and miss it by no more than the others hold', async () => {
    const wide = connections(500)
    const statuses: number[] = []
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 500 }, (_, i) =>
        callOnce(`${gateways[i % 3]!.url}/leased/v1/accounts/1/balance`, {
          headers: { 'x-api-key': leased.key },
          agent: wide,
        }),
      )
      statuses.push(...(await Promise.all(calls)).map(({ status }) => status))
    }
    wide.destroy()
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect(statuses.filter((status) => status === 200)).toHaveLength(leasedEcho.answered())
    expect(leasedEcho.answered()).toBeLessThanOrEqual(leasedLimit)
    expect(leasedEcho.answered()).toBeGreaterThanOrEqual(leasedLimit - 3 * 1.25 * lease) // the next is asked for when a quarter is left
  }, 60_000)

  const changes = {
    'a revoked key': {
      status: 401,
      change: ({ keyId }: Shop) => revokeCredential(platform.registry, tester, keyId),
    },
    'a rotated key without overlap': {
      status: 401,
      change: ({ keyId }: Shop) => rotateCredential(platform.registry, tester, keyId, { overlapSeconds: 0 }),
    },
    'a suspended partner': {
      status: 401,
      change: ({ partnerId }: Shop) =>
        updatePartner(platform.registry, tester, partnerId, {
          name: `gone-${partnerId.slice(-8).toLowerCase()}`,
          title: 'Shop',
          isSuspended: true,
        }),
    },
    'a suspended application': {
      status: 401,
      change: ({ applicationId }: Shop) =>
        updateApplication(platform.registry, tester, applicationId, {
          name: 'till',
          title: 'Till',
          isSuspended: true,
        }),
    },
    'a subscription that was narrowed': {
      status: 403,
      change: ({ subscriptionId }: Shop) =>
        updateSubscription(platform.registry, tester, subscriptionId, {
          versionId: demo.versionId,
          scopes: ['payments:write'],
        }),
    },
    'a subscription that was taken away': {
      status: 403,
      change: ({ subscriptionId }: Shop) => deleteSubscription(platform.registry, tester, subscriptionId),
    },
  }

  test.each(Object.entries(changes))(
    'refuse within one second, on every thread: %s',
    async (name, { status, change }) => {
      const partner = await shop(name.replaceAll(' ', '-'))
      await refusesSoon({ 'x-api-key': partner.key }, status, () => change(partner))
    },
  )

  test('refuse within one second, on every thread: a revoked token', async () => {
    const partner = await shop('token-revoked')
    const token = await fetchToken(gateways[0]!.url, partner)
    await refusesSoon({ authorization: `Bearer ${token}` }, 401, async () => {
      expect(await revokeToken(platform.registry, token)).toBe(true)
    })
  })

  test('refuse within one second, on every thread: a token whose client was revoked', async () => {
    const partner = await shop('client-revoked')
    const token = await fetchToken(gateways[1]!.url, partner)
    await refusesSoon({ authorization: `Bearer ${token}` }, 401, () =>
      revokeCredential(platform.registry, tester, partner.clientId),
    )
  })

  const ends: Record<string, (token: Held) => Promise<unknown>> = {
    'what a person had allowed was taken back (a family)': ({ familyId }) =>
      revokeFamily(platform.registry, familyId),
    'an operator ended what a person had allowed': ({ partner, familyId }) =>
      endAuthorization(platform.registry, tester, partner.applicationId, familyId),
    'an operator ended it alone': async ({ partner }) => {
      const { items } = await listTokens(platform.registry, partner.applicationId)
      await endToken(platform.registry, tester, partner.applicationId, items[0]!.id)
    },
    'all tokens of the client were ended': ({ partner }) =>
      endTokensOfClient(platform.registry, tester, partner.clientId),
    'all tokens of the application were ended': ({ partner }) =>
      endTokensOfApplication(platform.registry, tester, partner.applicationId),
    'the secret was rotated, and tokens with it': ({ partner }) =>
      rotateCredential(platform.registry, tester, partner.clientId, { overlapSeconds: 0, endTokens: true }),
    'the application was suspended': ({ partner }) =>
      updateApplication(platform.registry, tester, partner.applicationId, {
        name: 'till',
        title: 'Till',
        isSuspended: true,
      }),
  }

  test.each(Object.entries(ends))(
    'refuse within one second, on every thread, the token of a person: %s',
    async (_what, end) => {
      const held = await tokenOfPerson(await shop(`person-${++people}`))
      await refusesSoon({ authorization: `Bearer ${held.token}` }, 401, () => end(held))
    },
  )

  test('serve a partner again that is no longer suspended', async () => {
    const partner = await shop('back-again')
    const input = { name: 'back-again', title: 'Shop' }
    await updatePartner(platform.registry, tester, partner.partnerId, { ...input, isSuspended: true })
    await until(async () =>
      (await callAll({ 'x-api-key': partner.key })).every(({ status }) => status === 401),
    )
    await updatePartner(platform.registry, tester, partner.partnerId, input)
    await until(async () =>
      (await callAll({ 'x-api-key': partner.key })).every(({ status }) => status === 200),
    )
  })
})

interface Held {
  readonly partner: Shop
  readonly familyId: string
  readonly token: string
}
let people = 0

/** As the authorization server issues one with a code. */
async function tokenOfPerson(partner: Shop): Promise<Held> {
  const { registry } = platform
  const now = registry.now()
  const of = {
    credentialId: partner.clientId,
    applicationId: partner.applicationId,
    partnerId: partner.partnerId,
    environment: 'live' as const,
    scopes: ['accounts:read'],
    subject: 'ada',
    authenticatedAt: now,
  }
  const family = await openFamily(registry, {
    ...of,
    authorizationDetails: null,
    resources: [],
    expiresAt: now + 3_600_000,
  })
  const token = await issueToken(registry, {
    ...of,
    familyId: family.id,
    issuedAt: now,
    expiresAt: now + 600_000,
  })
  return { partner, familyId: family.id, token }
}

/** The last call that is let in begins less than a second after the change was made. */
async function refusesSoon(headers: Record<string, string>, status: number, change: () => Promise<unknown>) {
  for (const answer of await callAll(headers)) expect(answer.status).toBe(200)
  await change()
  const changedAt = performance.now()
  let lastLetInAt = changedAt
  await until(async () => {
    const begunAt = performance.now()
    const answers = await callAll(headers)
    if (answers.some((answer) => answer.status === 200)) lastLetInAt = begunAt
    return answers.every((answer) => answer.status === status)
  })
  // None comes back: what was dropped stays dropped.
  for (const answer of await callAll(headers)) expect(answer.status).toBe(status)
  expect(lastLetInAt - changedAt).toBeLessThan(1_000)
}
