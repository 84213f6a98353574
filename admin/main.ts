import { once } from 'node:events'
import { createServer } from 'node:http'
import { loadConfigOrExit } from '../registry/base/config.ts'
import { createLog } from '../registry/base/log.ts'
import { closeRedis } from '../registry/redis.ts'
import { openRegistry } from '../registry/store.ts'
import { createAdminApp } from './app.ts'
import { keepAuditChain } from './audit-chain.ts'
import { keepSigningKeys } from './signing-keys.ts'

const config = loadConfigOrExit()
const log = createLog('admin', config.LOG_LEVEL)
const registry = openRegistry(config, log)
const server = createServer(createAdminApp({ registry, config, log }))

server.on('error', (error) => {
  log.error({ err: error, host: config.ADMIN_HOST, port: config.ADMIN_PORT }, 'cannot listen')
  process.exit(1)
})
server.listen(config.ADMIN_PORT, config.ADMIN_HOST, () => {
  log.info({ address: server.address() }, 'admin listens')
})

const tending = [keepSigningKeys(registry, config, log), keepAuditChain(registry, log)]

const longestDrainMs = 10_000

async function stop(signal: string): Promise<void> {
  log.info({ signal }, 'admin stops')
  for (const one of tending) one.end()
  server.close()
  server.closeIdleConnections()
  // Requests here last milliseconds; an import may last longer, and is whole or not at all either way.
  setTimeout(() => server.closeAllConnections(), longestDrainMs).unref()
  await once(server, 'close')
  await closeRedis(registry.redis)
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
