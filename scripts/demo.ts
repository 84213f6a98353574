import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Config, loadConfig } from '../registry/base/config.ts'
import { createAdminClient } from './demo/admin-client.ts'
import { makeFirstAdminToken } from './demo/admin-token.ts'
import { readJson, writePrivateJson } from './demo/files.ts'
import { deniedScopePath, paymentPath } from './demo/inputs.ts'
import { claimFolder } from './demo/lock.ts'
import { type DemoClients, registerOAuthClients } from './demo/oauth-clients.ts'
import { type DemoLinks, inviteDemoPeople } from './demo/people.ts'
import { freePort, refuseTakenPorts, rememberedPorts } from './demo/ports.ts'
import { type DemoFile, welcome } from './demo/print.ts'
import { createProcesses, type Processes } from './demo/processes.ts'
import { step } from './demo/progress.ts'
import { answersOk, untilReady } from './demo/ready.ts'
import { reachRedis, startRedis } from './demo/redis.ts'
import { type DemoCredentials, registerDemo, retarget } from './demo/seed.ts'
import { type DemoSettings, prepareSettings } from './demo/settings.ts'
import { run } from './setup.mjs'

/** `npm start`, second half: the whole platform on one machine, with an example service and a partner. */

const serviceNames = ['service-1', 'service-2', 'service-3'] as const

await run(async () => {
  const stopAsked = signalled()
  const settings = await withFixedPorts(prepareSettings(process.env))
  const { dataDir } = settings
  const release = claimFolder(dataDir)
  const processes = createProcesses(join(dataDir, 'logs'))
  const demoFile = join(dataDir, 'demo.json')
  rmSync(demoFile, { force: true }) // whoever waits for it must not find the last one's
  try {
    const starting = startAll(settings, processes).then(({ demo, links }) => {
      writePrivateJson(demoFile, demo)
      process.stdout.write(welcome(demo, links, dataDir))
    })
    if ((await Promise.race([starting, processes.broken, stopAsked])) !== 'stop')
      await Promise.race([processes.broken, stopAsked])
    process.stdout.write('\nStopping …\n')
  } finally {
    await processes.stop()
    rmSync(demoFile, { force: true })
    release()
  }
  process.stdout.write('Everything is stopped.\n')
})
// A start that was broken off may still wait for an answer that will never come.
process.exit()

async function startAll(
  settings: DemoSettings,
  processes: Processes,
): Promise<{ demo: DemoFile; links: DemoLinks }> {
  const { dataDir, config } = settings
  await refuseTakenPorts([
    { variable: 'GATEWAY_PORT', host: config.GATEWAY_HOST, port: config.GATEWAY_PORT },
    {
      variable: 'GATEWAY_METRICS_PORT',
      host: config.GATEWAY_METRICS_HOST,
      port: config.GATEWAY_METRICS_PORT,
    },
    { variable: 'ADMIN_PORT', host: config.ADMIN_HOST, port: config.ADMIN_PORT },
  ])
  const url = {
    gateway: `http://localhost:${config.GATEWAY_PORT}`,
    admin: `http://localhost:${config.ADMIN_PORT}`,
    metrics: `http://localhost:${config.GATEWAY_METRICS_PORT}`,
  }

  if (settings.env.REDIS_URL) await step('Reaching the Redis of REDIS_URL', () => reachRedis(config))
  const redis = settings.env.REDIS_URL || (await step('Starting Redis', () => startRedis(processes, dataDir)))
  const env = { ...settings.env, REDIS_URL: redis }
  const startNode = (name: string, file: string, more: NodeJS.ProcessEnv = {}, stopWithinMs = 5_000) =>
    processes.start({ name, command: process.execPath, args: [file], env: { ...env, ...more }, stopWithinMs })

  const services = await step('Starting three example services', async () => {
    const ports = await rememberedPorts(dataDir, serviceNames)
    const urls = serviceNames.map((name) => `http://127.0.0.1:${ports[name]}`)
    for (const name of serviceNames)
      startNode(name, 'examples/payments/main.ts', { PORT: String(ports[name]), INSTANCE: name })
    await Promise.all(urls.map((at) => untilReady(at, () => answersOk(`${at}/healthz`))))
    return urls
  })
  await step('Starting the admin service', async () => {
    startNode('admin', 'admin/main.ts')
    await untilReady('The admin service', () => answersOk(`${url.admin}/readyz`))
  })
  const kept = await step('Registering the demo', () =>
    prepareRegistry(join(dataDir, 'demo-credentials.json'), loadConfig(env), url.admin, services),
  )
  await step('Starting the gateway', async () => {
    const admin = createAdminClient(url.admin, kept.adminToken)
    const wanted = (await admin.get<{ snapshot: number }>('/api/status'))?.body.snapshot
    // No load balancer stands before it that would have to notice its end.
    const alone = { GATEWAY_DRAIN_DELAY_MS: '0' }
    startNode('gateway', 'gateway/main.ts', alone, config.GATEWAY_DRAIN_TIMEOUT_MS + 5_000)
    await untilReady('The gateway', () => serves(url.metrics, wanted))
    // It listens for partners once it has something to serve them with.
    await untilReady('The gateway', async () => (await fetch(`${url.gateway}/`)).status === 404)
  })
  const links = await inviteDemoPeople(createAdminClient(url.admin, kept.adminToken))
  const tokenEndpoint = `${url.gateway}/oauth2/token`
  return { demo: { ...url, ...kept, tokenEndpoint, paymentPath, deniedScopePath }, links }
}

type Kept = DemoCredentials & DemoClients & { readonly adminToken: string }

/** Registers the demo the first time; later only tells the registry where the example services listen now. */
async function prepareRegistry(
  file: string,
  config: Config,
  adminUrl: string,
  services: string[],
): Promise<Kept> {
  const before = readJson(file) as (Omit<Kept, keyof DemoClients> & Partial<DemoClients>) | undefined
  const keyFile = join(dirname(file), 'demo-fapi2-key.json')
  if (before) {
    const admin = createAdminClient(adminUrl, before.adminToken)
    if (await admin.get('/api/whoami')) {
      await retarget(admin, services)
      if (before.fapi2ClientId !== undefined) return before as Kept
      // Kept from a time when the demo had no clients for people.
      const more = { ...before, ...(await registerOAuthClients(admin, keyFile)) }
      writePrivateJson(file, more)
      return more
    }
    // Another Redis, or an empty one: what is in the file means nothing there.
  }
  const adminToken = await makeFirstAdminToken(config)
  const admin = createAdminClient(adminUrl, adminToken)
  const pages = [adminUrl, adminUrl.replace('localhost', '127.0.0.1')]
  const credentials = await registerDemo(admin, services, pages)
  const kept = { adminToken, ...credentials, ...(await registerOAuthClients(admin, keyFile)) }
  await retarget(admin, services)
  writePrivateJson(file, kept)
  return kept
}

/** Whether every thread of the gateway serves that snapshot. */
async function serves(metricsUrl: string, snapshot: number | undefined): Promise<boolean> {
  const response = await fetch(`${metricsUrl}/readyz`)
  const state = (await response.json()) as { snapshot: number }
  return response.ok && state.snapshot === snapshot
}

/** Port 0 asks for any free port; here it must be known beforehand. */
async function withFixedPorts(settings: DemoSettings): Promise<DemoSettings> {
  const env = { ...settings.env }
  for (const name of ['GATEWAY_PORT', 'GATEWAY_METRICS_PORT', 'ADMIN_PORT'] as const)
    env[name] = String(settings.config[name] || (await freePort()))
  return { ...settings, env, config: loadConfig(env) }
}

/** Resolves at the first signal; further ones change nothing: the stop under way is bounded anyhow. */
function signalled(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stop'))
  })
}
