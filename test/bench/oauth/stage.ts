import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createCredential } from '../../../registry/credentials.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from '../../support/platform.ts'
import { freePort, type Served, startServer } from '../speed/process.ts'

/** Our gateway with one thread and oidc-provider, on one Redis. */
export interface OAuthStage {
  readonly platform: Platform
  readonly gateway: Served
  readonly reference: Served
  readonly demo: Demo
  /** `Basic …` of each client; enough of them that none asks for more tokens than one client may have. */
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
  end(): Promise<void>
}

const clients = 400

export async function startOAuthStage(): Promise<OAuthStage> {
  const platform = await startPlatform()
  const upstream = createServer((_req, res) => res.end('{}')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const demo = await publishDemo(platform, { targets: [{ url: upstreamUrl }] })
  const ours: string[] = []
  for (let i = 0; i < clients; i++) {
    const { credential, secret } = await createCredential(platform.registry, tester, demo.applicationId, {
      kind: 'oauth-client',
      environment: 'live',
    })
    ours.push(basic(credential.value.id, secret))
  }
  const port = await freePort()
  const gateway = await startServer(process.execPath, ['gateway/main.ts'], port, {
    ...platform.env,
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    GATEWAY_METRICS_PORT: '0',
    GATEWAY_THREADS: '1',
    GATEWAY_PUBLIC_URL: `http://127.0.0.1:${port}`,
    LOG_ACCESS: 'off',
  })
  const referencePort = await freePort()
  const program = fileURLToPath(new URL('reference.ts', import.meta.url))
  const reference = await startServer(process.execPath, [program], referencePort, {
    NODE_ENV: 'production',
    PORT: String(referencePort),
    REDIS_URL: platform.env.REDIS_URL,
    CLIENTS: String(clients),
  })
  return {
    platform,
    gateway,
    reference,
    demo,
    ours,
    theirs: Array.from({ length: clients }, (_, i) => basic(`client-${i}`, `secret-of-client-${i}`)),
    async end() {
      await gateway.stop()
      await reference.stop()
      await platform.close()
      upstream.close()
      upstream.closeAllConnections()
    },
  }
}

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
