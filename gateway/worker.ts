import { parentPort, workerData } from 'node:worker_threads'
import { loadConfig } from '../registry/base/config.ts'
import { createLog } from '../registry/base/log.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'
import { createThread } from './thread.ts'

/** Glue between the main thread's messages and one thread of the gateway. */

const start = workerData as WorkerStart
const config = loadConfig()
const log = createLog('gateway', config.LOG_LEVEL).child({ thread: start.thread })
// Loaded only where it is used: it is large.
const tracing = config.GATEWAY_TRACE_ENDPOINT ? await import('./trace-export.ts') : undefined
const say = (message: FromWorker) => parentPort!.postMessage(message)
const thread = createThread(
  config,
  log,
  start,
  (traffic) => say({ kind: 'traffic', traffic }),
  tracing?.openTracing,
)

parentPort!.on('message', async (message: ToWorker) => {
  switch (message.kind) {
    case 'listen':
      await thread.listeners.listen(message.ports, message.canShare)
      return say({ kind: 'listening' })
    case 'tls':
      return renewTls(message)
    case 'table':
      return replaceTable(message)
    case 'event':
      for (const cache of thread.identities) cache.forget(message.event)
      if (message.event.kind === 'signing-keys') thread.signer.forget()
      if (message.event.kind === 'issuers') thread.externalTokens.forget()
      return
    case 'gap':
      for (const cache of thread.identities) cache.forgetAll()
      thread.signer.forget()
      thread.externalTokens.forget()
      return
    case 'metrics':
      return say({
        kind: 'metrics',
        question: message.question,
        metrics: await thread.metrics.registry.getMetricsAsJSON(),
      })
    case 'drain':
      await thread.drain(message)
      parentPort!.close()
  }
})

function renewTls({ material }: Extract<ToWorker, { kind: 'tls' }>) {
  try {
    thread.listeners.renewTls(material)
  } catch (error) {
    log.error({ err: error }, 'certificates were not taken over; those in force stay')
  }
}

async function replaceTable({ number, pieces, slots }: Extract<ToWorker, { kind: 'table' }>) {
  try {
    // The main thread parsed it with the schema; here only its text had to travel.
    await thread.tables.replace(pieces, slots)
    say({ kind: 'table', number, error: null })
  } catch (error) {
    log.error({ err: error, snapshot: number }, 'the snapshot was not taken over; the old table stays')
    say({ kind: 'table', number, error: (error as Error).message })
  }
}
