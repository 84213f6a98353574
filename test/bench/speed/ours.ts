import { createCredential } from '../../../registry/credentials.ts'
import { CredentialInput, type PolicyConfigs } from '../../../registry/model.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../../support/platform.ts'
import { freePort, type Served, startServer } from './process.ts'

/** Our gateway with one thread, in several states of what is switched on. */
export interface Ours {
  readonly served: Served
  /** Commands that Redis has run so far. */
  redisCommands(): Promise<number>
  readonly variants: readonly Variant[]
}
export interface Variant {
  readonly name: string
  /** Stands before the paths of the bench. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
}

const open: PolicyConfigs = { authenticate: null, authorize: null }
/** So high that no call of the bench is refused: what is measured is the counting. */
const limited: PolicyConfigs = { 'rate-limit': { limit: 1_000_000_000, windowSeconds: 60 } }

export async function startOurs(upstream: string): Promise<Ours> {
  const platform = await startPlatform()
  const one = [{ url: upstream }]
  const three = [{ url: upstream }, { url: upstream }, { url: upstream }]
  await publishDemo(platform, { name: 'plain', targets: one, policies: open, document })
  const keyed = await publishDemo(platform, { name: 'keyed', targets: one, document })
  const counted = await publishDemo(platform, { name: 'counted', targets: one, policies: limited, document })
  const all = await publishDemo(platform, {
    name: 'all',
    targets: three,
    upstream: { strategy: 'least-connections' },
    policies: limited,
    document,
  })
  const port = await freePort()
  const settings = {
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    GATEWAY_METRICS_PORT: '0',
    GATEWAY_THREADS: '1',
  }
  const gateway = await startServer(process.execPath, ['gateway/main.ts'], port, {
    ...platform.env,
    ...settings,
  })
  const variant = (name: string, api: string, headers: Record<string, string>): Variant => ({
    name: `ours, ${name}`,
    base: `${gateway.url}/${api}/v1`,
    headers,
  })
  const key = (demo: Demo) => ({ 'x-api-key': demo.key })
  const bearer = async (demo: Demo) => ({
    authorization: `Bearer ${await tokenOf(platform, demo, gateway.url)}`,
  })
  return {
    served: {
      ...gateway,
      async stop() {
        await gateway.stop()
        await platform.close()
      },
    },
    async redisCommands() {
      const info = await platform.registry.redis.info('commandstats')
      // What the bench itself asks, and what scripts run inside, is not what calls cost in trips.
      return [...info.matchAll(/cmdstat_(evalsha|hget|get|zrange|zmscore):calls=(\d+)/g)].reduce(
        (sum, m) => sum + Number(m[2]),
        0,
      )
    },
    variants: [
      variant('plain', 'plain', {}),
      variant('API key', 'keyed', key(keyed)),
      variant('OAuth', 'keyed', await bearer(keyed)),
      variant('API key, limit', 'counted', key(counted)),
      variant('everything, API key', 'all', key(all)),
      variant('everything, OAuth', 'all', await bearer(all)),
    ],
  }
}

async function tokenOf({ registry }: Platform, demo: Demo, gateway: string): Promise<string> {
  const input = CredentialInput.parse({
    kind: 'oauth-client',
    environment: 'live',
    tokenLifetimeSeconds: 86_400,
  })
  const { credential, secret } = await createCredential(registry, tester, demo.applicationId, input)
  const answer = await fetch(`${gateway}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${credential.value.id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

const secured = { security: [{ oauth2: ['payments:write'] }], responses: { 200: { description: 'given' } } }
const scheme = {
  type: 'oauth2',
  flows: { clientCredentials: { tokenUrl: '/oauth2/token', scopes: { 'payments:write': 'Pay' } } },
}
const document = Buffer.from(
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Bench', version: '1' },
    paths: {
      '/accounts/{id}/balance': { get: { operationId: 'balance', ...secured } },
      '/large': { get: { operationId: 'large', ...secured } },
      '/payment': { post: { operationId: 'pay', ...secured } },
    },
    components: { securitySchemes: { oauth2: scheme } },
  }),
)
