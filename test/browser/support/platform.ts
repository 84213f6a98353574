import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { loadConfig } from '../../../registry/base/config.ts'
import type { Registry } from '../../../registry/store.ts'
import { type AdminClient, createAdminClient } from '../../../scripts/demo/admin-client.ts'
import { makeFirstAdminToken } from '../../../scripts/demo/admin-token.ts'
import { type DemoCredentials, registerDemo } from '../../../scripts/demo/seed.ts'
import { type AdminProcess, startAdmin } from '../../support/admin-process.ts'
import type { GatewayProcess } from '../../support/gateway-process.ts'
import { type Platform, startPlatform } from '../../support/platform.ts'
import { freePort } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

/** All that `npm start` starts, each part a process of its own, with the demo registered. */
export interface ConsolePlatform {
  /** Where the console, the portal and the admin API are. */
  readonly url: string
  readonly admin: AdminProcess
  readonly gateway: GatewayProcess
  readonly services: readonly ExampleService[]
  readonly redis: Platform['redis']
  /** For what a test sets up or reads behind the console's back. */
  readonly registry: Registry
  /** The admin API with a token that may do everything. */
  readonly api: AdminClient
  readonly adminToken: string
  readonly demo: DemoCredentials
  close(): Promise<void>
}

export interface PlatformSettings {
  /** Environment of the admin service beside that of the test. */
  readonly admin?: Record<string, string>
  readonly gateway?: Record<string, string>
}

/** Starts it whole; takes some seconds, so once per file. */
export async function startConsolePlatform(settings: PlatformSettings = {}): Promise<ConsolePlatform> {
  const platform = await startPlatform()
  const services: ExampleService[] = []
  let admin: AdminProcess | undefined
  const close = async () => {
    await admin?.kill()
    await Promise.all(services.map((service) => service.kill()))
    await platform.close()
  }
  try {
    for (const name of ['service-1', 'service-2', 'service-3']) services.push(await startExampleService(name))
    const gatewayPort = await freePort()
    const gatewayUrl = `http://127.0.0.1:${gatewayPort}`
    admin = await startAdmin({ ...platform.env, ADMIN_GATEWAY_URL: gatewayUrl, ...settings.admin })
    const adminToken = await makeFirstAdminToken(loadConfig(platform.env))
    const api = createAdminClient(admin.url, adminToken)
    const demo = await registerDemo(
      api,
      services.map(({ url }) => url),
      [admin.url],
    )
    const gateway = await platform.gateway({ GATEWAY_PORT: String(gatewayPort), ...settings.gateway })
    const { registry, redis } = platform
    return { url: admin.url, admin, gateway, services, redis, registry, api, adminToken, demo, close }
  } catch (error) {
    await close()
    throw error
  }
}

export interface ExampleService {
  readonly url: string
  kill(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** One instance of the example payments service on a free port. */
export async function startExampleService(
  name: string,
  env: Record<string, string> = {},
): Promise<ExampleService> {
  const child = spawn(process.execPath, ['examples/payments/main.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, INSTANCE: name, ...env },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const url = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`the example service ended with ${child.exitCode}`)
      const line = output.split('\n').find((text) => text.startsWith('{"url"'))
      return line && (JSON.parse(line).url as string)
    },
    { timeoutMs: 40_000 },
  )
  return {
    url,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
