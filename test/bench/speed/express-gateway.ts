import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, type Served, startServer } from './process.ts'

const run = promisify(execFile)

/** A package of its own with its own lock: hundreds of packages long out of care, which our install must never see. */
const folder = fileURLToPath(new URL('../peers/express-gateway/', import.meta.url))

/** Express Gateway 1.16.11 with the proxy policy alone, in one process. @throws Error when it cannot be installed or started here */
export async function startExpressGateway(upstream: string): Promise<Served> {
  await install()
  const port = await freePort()
  const config = mkdtempSync(join(tmpdir(), 'bench-express-gateway-'))
  cpSync(join(folder, 'node_modules/express-gateway/lib/config/models'), join(config, 'models'), {
    recursive: true,
  })
  writeFileSync(join(config, 'system.config.json'), JSON.stringify(system))
  writeFileSync(join(config, 'gateway.config.json'), JSON.stringify(gateway(port, upstream)))
  const entry = join(folder, 'node_modules/express-gateway/lib/index.js')
  return startServer(process.execPath, [entry], port, {
    EG_CONFIG_DIR: config,
    EG_DISABLE_CONFIG_WATCH: 'true',
    NODE_ENV: 'production',
  })
}

/** Only when missing. npm writes the lock inside node_modules last, so it stands for a whole installation. */
async function install() {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return
  console.log('installing Express Gateway into test/bench/peers (once)')
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, timeout: 120_000 })
}

function gateway(port: number, upstream: string) {
  return {
    http: { port, hostname: '127.0.0.1' },
    apiEndpoints: { all: { host: '*' } },
    serviceEndpoints: { service: { url: upstream } },
    policies: ['proxy'],
    pipelines: {
      plain: {
        apiEndpoints: ['all'],
        policies: [{ proxy: [{ action: { serviceEndpoint: 'service' } }] }],
      },
    },
  }
}

/** What it will not start without. A plain proxy asks its store nothing, so the built-in one does. */
const system = {
  db: { redis: { emulate: true, namespace: 'EG' } },
  crypto: { cipherKey: 'unused', algorithm: 'aes256', saltRounds: 10 },
  session: { secret: 'unused', resave: false, saveUninitialized: false },
  accessTokens: { timeToExpiry: 7_200_000 },
  refreshTokens: { timeToExpiry: 7_200_000 },
  authorizationCodes: { timeToExpiry: 300_000 },
}
