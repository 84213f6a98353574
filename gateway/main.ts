import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { loadConfigOrExit } from '../registry/base/config.ts'
import { createLog } from '../registry/base/log.ts'
import { closeRedis } from '../registry/redis.ts'
import { openRegistry } from '../registry/store.ts'
import { createFollowing } from './follow.ts'
import { openHealth } from './health-cells.ts'
import { createHealthWatch } from './health-watch.ts'
import { settlePorts } from './port.ts'
import { createPrivatePort } from './private-port.ts'
import { createShared, viewShared } from './shared.ts'
import { createSlotTable } from './slot-table.ts'
import { createThreads } from './supervise.ts'
import { keepTls } from './tls/keeper.ts'
import { createRecorder } from './traffic/recorder.ts'

/** Reads the settings, starts one worker thread per core, follows the registry, stops gracefully. */

// V8 learns while a process warms up which objects live long, and then makes those old from birth. Calls that were slow
// at the start teach it to do so with the objects of every later call: each was kept, with all that it led to, until
// the next full collection. It cost a quarter of the processor time and most of p99; see docs/decisions/0005-speed.md.
setFlagsFromString('--no-allocation-site-pretenuring')

const config = loadConfigOrExit()
const log = createLog('gateway', config.LOG_LEVEL)
const registry = openRegistry(config, log)
const tls =
  config.GATEWAY_TLS_PORT === undefined ? undefined : await keepTls(config, log, Date.now).catch(fail)
const { ports, canShare, letGo } = await settlePorts(config).catch(fail)
const count = canShare ? config.GATEWAY_THREADS : 1
if (count < config.GATEWAY_THREADS)
  log.warn('this system cannot share a port between threads: one thread serves')
const publicUrl =
  config.GATEWAY_PUBLIC_URL ??
  (ports.clear === undefined ? `https://localhost:${ports.tls}` : `http://localhost:${ports.clear}`)
const shared = createShared(count)
const view = viewShared(shared, 0)
const traffic = createRecorder({
  registry,
  gatewayId: config.GATEWAY_ID,
  log,
  maxCalls: config.GATEWAY_REQUEST_LOG_MAX_ENTRIES,
  maxCallAgeMs: config.GATEWAY_REQUEST_LOG_HOURS * 3_600_000,
})
const threads = createThreads({
  count,
  shared,
  view,
  publicUrl,
  tls: () => tls?.material,
  onTraffic: traffic.add,
  log,
})
const watch = createHealthWatch({ health: openHealth(shared.health), view, log })
const stopping = new AbortController()
let isListening = false
let isDraining = false
const following = createFollowing({
  registry,
  threads,
  view,
  slots: createSlotTable(view),
  watch,
  file: join(config.DATA_DIR, 'snapshot.json'),
  log,
  about: { gatewayId: config.GATEWAY_ID, startedAt: Date.now(), address: publicUrl },
  signal: stopping.signal,
})
const privatePort = createPrivatePort({
  state: following.state,
  threads,
  watch,
  isListening: () => isListening,
  isDraining: () => isDraining,
  tls,
  traffic,
})

tls?.watch((material) => threads.tell({ kind: 'tls', material }))
if (tls) process.on('SIGHUP', () => void tls.reload({ dropsGone: true }))
// A supervisor may say SIGTERM twice, and that must not cut a payment; a second Ctrl-C ends it at once.
process.on('SIGTERM', stop).once('SIGINT', stop)
privatePort.listen(config.GATEWAY_METRICS_PORT, config.GATEWAY_METRICS_HOST)
await Promise.all([once(privatePort, 'listening'), threads.start()]).catch(fail)
await following.start() // calls are taken once there is something to serve them with
if (count === 1) await letGo()
await threads.listen(ports).catch(fail)
await letGo()
isListening = true
const privateAddress = privatePort.address() as AddressInfo
log.info(
  {
    port: ports.clear,
    tlsPort: ports.tls,
    privatePort: privateAddress.port,
    threads: threads.count,
    publicUrl,
  },
  'the gateway listens',
)

/** Ports in use and the like: said in one line, and nothing is left running. */
function fail(error: unknown): never {
  log.fatal({ err: error }, 'the gateway could not start')
  process.exit(1)
}

async function stop(signal: string) {
  if (isDraining) return
  isDraining = true
  const draining = {
    delayMs: signal === 'SIGINT' ? 0 : config.GATEWAY_DRAIN_DELAY_MS,
    withinMs: config.GATEWAY_DRAIN_TIMEOUT_MS,
  }
  log.info({ signal, ...draining }, 'draining')
  await threads.drain(draining)
  stopping.abort()
  tls?.end()
  watch.end()
  privatePort.close()
  privatePort.closeAllConnections()
  await traffic.end()
  await closeRedis(registry.redis)
  log.info('stopped')
}
