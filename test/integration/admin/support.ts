import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdminApp } from '../../../admin/app.ts'
import { createAdminToken } from '../../../registry/admin-tokens.ts'
import { loadConfig } from '../../../registry/base/config.ts'
import { createLog } from '../../../registry/base/log.ts'
import type { Permission } from '../../../registry/model.ts'
import { closeRedis } from '../../../registry/redis.ts'
import { openRegistry, type Registry } from '../../../registry/store.ts'
import { startRedis } from '../../support/redis.ts'

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into.
  readonly body: any
}

export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Asked>

export interface AskOptions {
  readonly body?: unknown
  /** Instead of `body`: sent as it is. */
  readonly bytes?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
  readonly ifMatch?: string
  /** `null`: none. Default: the administrator's. */
  readonly token?: string | null
}

export interface AdminService {
  readonly url: string
  readonly registry: Registry
  readonly env: Readonly<Record<string, string>>
  readonly adminToken: string
  readonly lines: string[]
  ask: Ask
  tokenWith(...permissions: Permission[]): Promise<string>
  close(): Promise<void>
}

/** The admin service over a real HTTP server and a Redis of its own. */
export async function startAdmin(extra: Record<string, string> = {}): Promise<AdminService> {
  const redis = await startRedis()
  const env = {
    REDIS_URL: redis.url,
    REDIS_PREFIX: `t${randomBytes(4).toString('hex')}:`,
    SECRETS_HASH_KEY: randomBytes(32).toString('base64'),
    SECRETS_SEAL_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ...extra,
  }
  const config = loadConfig(env)
  const lines: string[] = []
  const log = createLog('admin', 'info', { write: (line) => void lines.push(line) })
  const registry = openRegistry(config, log)
  const server = createServer(createAdminApp({ registry, config, log }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokenWith = async (...permissions: Permission[]) =>
    (await createAdminToken(registry, { id: 'bootstrap' }, { title: permissions.join(' '), permissions }))
      .secret
  const adminToken = await tokenWith('admin')

  const ask: Ask = async (method, path, { body, bytes, headers = {}, ifMatch, token = adminToken } = {}) => {
    const sent: Record<string, string> = { ...headers }
    if (token !== null) sent.authorization = `Bearer ${token}`
    if (ifMatch !== undefined) sent['if-match'] = ifMatch
    if (body !== undefined) sent['content-type'] ??= 'application/json'
    const init = { method, headers: sent, redirect: 'manual' as const }
    const response = await fetch(url + path, {
      ...init,
      body: bytes ?? (body === undefined ? undefined : JSON.stringify(body)),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    }
  }

  return {
    url,
    registry,
    env,
    adminToken,
    lines,
    ask,
    tokenWith,
    async close() {
      server.closeAllConnections()
      server.close()
      await closeRedis(registry.redis)
      await redis.kill()
    },
  }
}

/** A document with one operation that needs a scope and one that needs a key only. */
export const paymentsYaml = `openapi: 3.0.3
info: {title: Payments, version: "1.0"}
# kept byte for byte, this comment too
paths:
  /payment:
    post:
      operationId: createPayment
      security: [{oauth: [payments:write]}]
      responses: {"200": {description: done}}
  /accounts/{id}/balance:
    get:
      operationId: getBalance
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      security: [{oauth: [accounts:read]}]
      responses: {"200": {description: the balance}}
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://auth.example/token
          scopes: {payments:write: Pay, accounts:read: Read accounts}
`
