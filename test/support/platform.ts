import { randomBytes } from 'node:crypto'
import { checkPolicyConfig } from '../../policies/index.ts'
import { createApi, createVersion, importDocument } from '../../registry/apis.ts'
import { loadConfig } from '../../registry/base/config.ts'
import { createLog } from '../../registry/base/log.ts'
import { createCredential } from '../../registry/credentials.ts'
import {
  ApiInput,
  ApplicationInput,
  CredentialInput,
  type OperationSettings,
  PartnerInput,
  type PolicyConfigs,
  SubscriptionInput,
  UpstreamInput,
  VersionInput,
} from '../../registry/model.ts'
import { createApplication, createPartner, createSubscription } from '../../registry/partners.ts'
import { closeRedis } from '../../registry/redis.ts'
import { publish } from '../../registry/snapshot.ts'
import { openRegistry, type Registry } from '../../registry/store.ts'
import { createUpstream } from '../../registry/upstreams.ts'
import { type GatewayProcess, startGateway } from './gateway-process.ts'
import { startRedis } from './redis.ts'

/** A platform for a test: its own Redis, a registry to fill, and gateways in processes of their own. */
export interface Platform extends PlatformOn {
  readonly redis: Awaited<ReturnType<typeof startRedis>>
}

export interface PlatformOn {
  readonly registry: Registry
  readonly env: Readonly<Record<string, string>>
  gateway(env?: Record<string, string>): Promise<GatewayProcess>
  close(): Promise<void>
}

export const tester = { id: 'test' }

export async function startPlatform(
  options: { redis?: Parameters<typeof startRedis>[0] } = {},
): Promise<Platform> {
  const redis = await startRedis(options.redis)
  return { ...startPlatformOn(redis), redis }
}

/** The same on a Redis of another kind. */
export function startPlatformOn(redis: { readonly url: string; stop(): Promise<void> }): PlatformOn {
  const env = {
    REDIS_URL: redis.url,
    REDIS_PREFIX: `t${randomBytes(4).toString('hex')}:`,
    SECRETS_HASH_KEY: randomBytes(32).toString('base64'),
    SECRETS_SEAL_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    LOG_LEVEL: 'info',
  }
  // What a test writes is not refused because the machine is busy.
  const patient = { ...env, REDIS_TIMEOUT_MS: '10000' }
  const registry = openRegistry(loadConfig(patient), createLog('test', 'silent'))
  const gateways: GatewayProcess[] = []
  return {
    registry,
    env,
    async gateway(extra = {}) {
      const started = await startGateway({ ...env, ...extra })
      gateways.push(started)
      return started
    },
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.kill()))
      await closeRedis(registry.redis)
      await redis.stop()
    },
  }
}

export interface DemoOptions {
  readonly name?: string
  readonly targets:
    | UpstreamInput['targets']
    | { id?: string; url: string; weight?: number; maxConnections?: number }[]
  readonly upstream?: Partial<UpstreamInput>
  readonly document?: Buffer
  readonly policies?: PolicyConfigs
  readonly accessTokens?: ApiInput['accessTokens']
  readonly operations?: Record<string, OperationSettings>
  readonly version?: Partial<VersionInput>
  /** Scopes of the subscription; all when absent. */
  readonly scopes?: string[]
}

/** Someone who may call, with a key and an OAuth client of the environment live. */
export interface Shop {
  readonly partnerId: string
  readonly applicationId: string
  readonly subscriptionId: string
  readonly key: string
  readonly keyId: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface Demo extends Shop {
  readonly apiId: string
  readonly versionId: string
  readonly upstreamId: string
  readonly snapshot: number
  /** Publishes the API again and returns the new number. */
  publish(): Promise<number>
}

/** Registers an API with one live upstream, a partner with a key, and publishes it. */
export async function publishDemo({ registry }: PlatformOn, options: DemoOptions): Promise<Demo> {
  const name = options.name ?? 'payments'
  const targets = options.targets.map((target, i) => ({ id: `t${i + 1}`, ...target }))
  const upstream = await createUpstream(
    registry,
    tester,
    UpstreamInput.parse({ name: `${name}-service`, ...options.upstream, targets }),
  )
  const api = await createApi(
    registry,
    tester,
    ApiInput.parse({
      name,
      title: name,
      policies: options.policies ?? {},
      accessTokens: options.accessTokens,
    }),
  )
  const version = await createVersion(
    registry,
    tester,
    api.value.id,
    VersionInput.parse({
      name: 'v1',
      routing: { by: 'path', basePath: `/${name}/v1` },
      upstreams: { live: upstream.value.id },
      operations: options.operations ?? {},
      ...options.version,
    }),
  )
  const document = options.document ?? Buffer.from(JSON.stringify(smallDocument))
  await importDocument(registry, tester, version.value.id, document, {
    maxBytes: 20_000_000,
    timeoutMs: 60_000,
  })
  const shop = await addPartner(registry, `${name}-shop`, version.value.id, options.scopes)
  const publishApi = async () => {
    const { snapshot } = await publish(
      registry,
      tester,
      { apis: [api.value.id] },
      { checkPolicy: checkPolicyConfig },
    )
    return snapshot.number
  }
  return {
    apiId: api.value.id,
    versionId: version.value.id,
    upstreamId: upstream.value.id,
    ...shop,
    snapshot: await publishApi(),
    publish: publishApi,
  }
}

/** A partner with an application that is subscribed to a version, and its credentials. */
export async function addPartner(
  registry: Registry,
  name: string,
  versionId: string,
  scopes: string[] | null = null,
): Promise<Shop> {
  const partner = await createPartner(registry, tester, PartnerInput.parse({ name, title: 'Shop' }))
  const till = ApplicationInput.parse({ name: 'till', title: 'Till' })
  const application = await createApplication(registry, tester, partner.value.id, till)
  const { id: applicationId } = application.value
  const wanted = SubscriptionInput.parse({ versionId, scopes })
  const subscription = await createSubscription(registry, tester, applicationId, wanted)
  const credentialOf = (kind: CredentialInput['kind']) =>
    createCredential(registry, tester, applicationId, CredentialInput.parse({ kind, environment: 'live' }))
  const key = await credentialOf('api-key')
  const client = await credentialOf('oauth-client')
  return {
    partnerId: partner.value.id,
    applicationId,
    subscriptionId: subscription.value.id,
    key: key.secret,
    keyId: key.credential.value.id,
    clientId: client.credential.value.id,
    clientSecret: client.secret,
  }
}

const secured = { security: [{ oauth2: ['payments:write'] }] }
/** What most tests need: something to post, something to get, something with a scope of its own. */
export const smallDocument = {
  openapi: '3.1.0',
  info: { title: 'Payments', version: '1' },
  paths: {
    '/payment': { post: { operationId: 'pay', ...secured, responses: { 200: { description: 'paid' } } } },
    '/accounts/{id}/balance': {
      get: {
        operationId: 'balance',
        security: [{ oauth2: ['accounts:read'] }],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 200: { description: 'the balance' } },
      },
    },
    '/files': {
      put: { operationId: 'upload', responses: { 200: { description: 'kept' } } },
      get: { operationId: 'download', responses: { 200: { description: 'given' } } },
    },
  },
  components: {
    securitySchemes: {
      oauth2: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: '/oauth2/token',
            scopes: { 'payments:write': 'Pay', 'accounts:read': 'Read' },
          },
        },
      },
    },
  },
}
