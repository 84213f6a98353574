import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import { retireSigningKey, rollOverSigningKey } from '../../registry/signing-key-life.ts'
import { createSigningKey, listSigningKeys } from '../../registry/signing-keys.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import { fetchToken } from '../support/oauth-token.ts'
import { tester } from '../support/platform.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { call } from '../support/wire.ts'

/** Tokens that look like ours and are not: refused, and without a question to Redis. */

let stage: Stage
let echo: Echo
let api: StagedApi
let real: string
beforeAll(async () => {
  stage = await startStage({ GATEWAY_THREADS: '1', GATEWAY_FAILED_LOOKUPS_PER_SECOND: '1000' })
  echo = stage.keep(await startEcho())
  await createSigningKey(stage.platform.registry, tester, { algorithm: 'ES256', signsFrom: 0 })
  api = await stage.api('forged', { targets: [{ url: echo.url }], accessTokens: 'jwt' })
  real = await fetchToken(stage.gateway.url, api)
  expect((await callWith(real)).status).toBe(200)
}, 60_000)
afterAll(() => stage?.close())

const callWith = (token: string) =>
  call(`${api.url}/accounts/1/balance`, { headers: { authorization: `Bearer ${token}` } })

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const parts = () => real.split('.') as [string, string, string]
const headerOf = () => JSON.parse(Buffer.from(parts()[0], 'base64url').toString())
const claimsOf = () => JSON.parse(Buffer.from(parts()[1], 'base64url').toString())

interface Monitored {
  monitor(): Promise<{
    on(event: 'monitor', heard: (time: string, args: string[]) => void): void
    disconnect(): void
  }>
}

/** How often Redis was asked for a token while a call with it was refused. */
async function tokenQuestions(token: string): Promise<number> {
  const monitor = await (stage.platform.registry.redis as unknown as Monitored).monitor()
  let asked = 0
  let isOver = false
  monitor.on('monitor', (_time: string, args: string[]) => {
    if (args[0]?.toLowerCase() === 'get' && args[1]?.includes('token:{')) asked++
    if (args[1] === 'a-mark') isOver = true
  })
  try {
    expect((await callWith(token)).status).toBe(401)
    await stage.platform.registry.redis.get('a-mark') // seen by the monitor after all that came before it
    await until(() => isOver)
    return asked
  } finally {
    monitor.disconnect()
  }
}

const forgeries: [string, () => Promise<string> | string][] = [
  ['another signature', () => `${parts()[0]}.${parts()[1]}.${randomBytes(64).toString('base64url')}`],
  [
    'other claims',
    () => `${parts()[0]}.${encoded({ ...claimsOf(), client_id: 'cred_other' })}.${parts()[2]}`,
  ],
  ['alg none', () => `${encoded({ ...headerOf(), alg: 'none' })}.${parts()[1]}.AA`],
  [
    'HS256 with the public key as secret',
    async () => {
      const [key] = await listSigningKeys(stage.platform.registry)
      const secret = new TextEncoder().encode(JSON.stringify(key!.publicJwk))
      return new SignJWT(claimsOf()).setProtectedHeader({ ...headerOf(), alg: 'HS256' }).sign(secret)
    },
  ],
  [
    'a key of somebody else under our kid',
    () =>
      new SignJWT(claimsOf())
        .setProtectedHeader(headerOf())
        .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ],
  [
    'a key in its own header',
    () => {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const header = { ...headerOf(), kid: 'mine', jwk: publicKey.export({ format: 'jwk' }) }
      return new SignJWT(claimsOf()).setProtectedHeader(header).sign(privateKey)
    },
  ],
  ['another typ', () => `${encoded({ ...headerOf(), typ: 'jwt' })}.${parts()[1]}.${parts()[2]}`],
  ['the same signature spelled another way', () => respelled(real)],
]

/** The last letter of the signature holds bits that mean nothing: another one may decode to the same bytes. */
function respelled(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(token.at(-1)!)
  return token.slice(0, -1) + alphabet[last ^ 1]
}

test.each(forgeries)('a token of ours with %s is refused', async (name, make) => {
  const token = await make()
  const asked = await tokenQuestions(token)
  // The last one bears our signature: that it is not what we gave out only the store can tell.
  if (!name.includes('spelled')) expect(asked).toBe(0)
})

test('a token larger than any of ours is refused unread', async () => {
  const claims = encoded({ ...claimsOf(), filler: 'x'.repeat(9_000) })
  expect(await tokenQuestions(`${parts()[0]}.${claims}.${parts()[2]}`)).toBe(0)
})

test('what a retired key has signed is refused within a second', async () => {
  const { registry } = stage.platform
  expect((await callWith(real)).status).toBe(200)
  const [old] = await listSigningKeys(registry)
  const life = { algorithm: 'ES256', maxAgeMs: 0, aheadMs: 0 } as const
  await rollOverSigningKey(registry, tester, life, { isImmediate: true })
  await retireSigningKey(registry, tester, old!.id)
  await until(async () => (await callWith(real)).status === 401, { timeoutMs: 1_000 })
})
