import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { createCredential } from '../../../registry/credentials.ts'
import { ClientSettings } from '../../../registry/oauth-model.ts'
import { tester } from '../../support/platform.ts'
import { median } from '../growth/cost.ts'
import { rounded } from '../growth/row.ts'
import { cpuMicros } from '../speed/process.ts'
import { drive, type Turns } from '../speed/wrk.ts'
import type { Order } from './proofs.ts'
import type { OAuthStage } from './stage.ts'
import type { Run } from './tokens.ts'

export interface BoundCalls {
  readonly name: string
  readonly cpuMicrosPerCall: number
  readonly callsPerSecond: number
  readonly p99Ms: number
}

const path = '/payments/v1/accounts/1/balance'
/** More than one thread can serve: a proof that came twice would be refused. */
const mostCallsPerSecond = 15_000

/** Bearer, then bound: medians of rounds in which one comes after the other. */
export async function compareBound(stage: OAuthStage, run: Run): Promise<BoundCalls[]> {
  const [bearer, bound] = [await tokenOf(stage, 'none'), await tokenOf(stage, 'dpop')]
  const url = stage.gateway.url + path
  const calls = async (token: Token, seconds: number) => {
    const scheme = token.keys ? 'DPoP' : 'Bearer'
    const turns = token.keys && (await proofsFor(token, url, mostCallsPerSecond * seconds))
    const before = cpuMicros(stage.gateway.pid)
    const taken = await drive({
      url,
      method: 'GET',
      headers: { authorization: `${scheme} ${token.text}` },
      connections: 32,
      seconds,
      ...(turns && { turns }),
    })
    return { ...taken, cpu: (cpuMicros(stage.gateway.pid) - before) / taken.requests }
  }
  const contestants = [
    { name: 'bearer', token: bearer, taken: [] as Awaited<ReturnType<typeof calls>>[] },
    { name: 'DPoP', token: bound, taken: [] as Awaited<ReturnType<typeof calls>>[] },
  ]
  for (const { token } of contestants)
    for (let warmed = 0; warmed < run.warmSeconds; warmed += run.seconds) await calls(token, run.seconds)
  for (let round = 0; round < run.rounds; round++)
    for (const one of contestants) one.taken.push(await calls(one.token, run.seconds))
  return contestants.map(({ name, taken }) => ({
    name,
    cpuMicrosPerCall: rounded(median(taken.map(({ cpu }) => cpu)), 1),
    callsPerSecond: Math.round(median(taken.map(({ requestsPerSecond }) => requestsPerSecond))),
    p99Ms: rounded(median(taken.map(({ p99Ms }) => p99Ms)), 2),
  }))
}

interface Token {
  readonly text: string
  readonly keys: Awaited<ReturnType<typeof oauth.generateKeyPair>> | undefined
}

async function tokenOf(stage: OAuthStage, senderConstraint: 'none' | 'dpop'): Promise<Token> {
  const { credential, secret } = await createCredential(
    stage.platform.registry,
    tester,
    stage.demo.applicationId,
    {
      kind: 'oauth-client',
      environment: 'live',
      oauth: ClientSettings.parse({ senderConstraint }),
    },
  )
  const client: oauth.Client = { client_id: credential.value.id }
  const as = { issuer: stage.gateway.url, token_endpoint: `${stage.gateway.url}/oauth2/token` }
  const keys =
    senderConstraint === 'dpop' ? await oauth.generateKeyPair('ES256', { extractable: true }) : undefined
  const options = {
    [oauth.allowInsecureRequests]: true,
    ...(keys && { DPoP: oauth.DPoP(client, keys) }),
  }
  const ask = async () =>
    oauth.processClientCredentialsResponse(
      as,
      client,
      await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretBasic(secret), {}, options),
    )
  const { access_token } = await ask().catch((error) => {
    if (oauth.isDPoPNonceError(error)) return ask()
    throw error
  })
  return { text: access_token, keys }
}

/** A fresh proof for each call, made by a process of its own just before they are used. */
async function proofsFor({ text, keys }: Token, htu: string, count: number): Promise<Turns> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-proofs-'))
  const order: Order = {
    privateJwk: await exportJWK(keys!.privateKey),
    htm: 'GET',
    htu,
    ath: createHash('sha256').update(text).digest('base64url'),
    count,
    file: join(folder, 'proofs'),
  }
  const written = join(folder, 'order.json')
  const nonce = await nonceOf(htu, text)
  writeFileSync(written, JSON.stringify({ ...order, ...(nonce !== null && { nonce }) }))
  const program = fileURLToPath(new URL('proofs.ts', import.meta.url))
  await promisify(execFile)(process.execPath, [program, written])
  return { file: order.file, from: 0, header: 'dpop' }
}

/** What a call without a proof is told to put into one. @returns null where no nonce is wanted */
async function nonceOf(url: string, token: string): Promise<string | null> {
  const answer = await fetch(url, { headers: { authorization: `DPoP ${token}` } })
  return answer.headers.get('dpop-nonce')
}
