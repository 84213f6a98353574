import { AggregatorRegistry, Gauge, Registry } from 'prom-client'
import { addHealthMetrics } from './health-metrics.ts'
import type { HealthWatch } from './health-watch.ts'
import type { TlsKeeper } from './tls/keeper.ts'

export interface ProcessFacts {
  readonly state: {
    snapshot: number
    snapshotCreatedAt: number
    isFromFile: boolean
    isInContact: boolean
    lastError: string
    gateways: number
    storeFault: string
    fileFault: string
  }
  readonly threads: { readonly restarts: number; readonly served: readonly number[] }
  readonly isReady: boolean
  readonly watch: Pick<HealthWatch, 'report'>
  readonly isDraining: () => boolean
  readonly tls: Pick<TlsKeeper, 'material' | 'hasFault'> | undefined
  readonly traffic: { readonly dropped: { readonly seconds: number; readonly calls: number } }
}

/** All threads added up, and what the process as a whole knows. */
export async function gatewayMetrics(threads: readonly object[][], facts: ProcessFacts) {
  const sum = AggregatorRegistry.aggregate([...threads])
  const own = new Registry()
  const gauge = (name: string, help: string, value: number) =>
    new Gauge({ name, help, registers: [own] }).set(value)
  const { state } = facts
  gauge('gateway_ready', '1 while it takes calls, as /readyz says.', Number(facts.isReady))
  gauge('gateway_snapshot_number', 'Snapshot in force in all threads; -1 before the first.', state.snapshot)
  gauge(
    'gateway_snapshot_created_timestamp_seconds',
    'When the snapshot in force was made.',
    state.snapshotCreatedAt / 1000,
  )
  gauge(
    'gateway_snapshot_from_file',
    '1 when it came from the file, as Redis was away.',
    Number(state.isFromFile),
  )
  gauge(
    'gateway_snapshot_file_stale',
    '1 when the snapshot in force could not be written to the file for a start without Redis.',
    Number(state.fileFault !== ''),
  )
  gauge(
    'gateway_snapshot_refused',
    '1 when the newest snapshot could not be brought into force.',
    Number(state.lastError !== ''),
  )
  gauge('gateway_redis_connected', '1 while the registry is in contact.', Number(state.isInContact))
  gauge(
    'gateway_known_gateways',
    'Gateways that this one knows of, by which limits are shared out; 0 before it heard of any.',
    state.gateways,
  )
  gauge(
    'gateway_redis_writable',
    '1 while Redis takes writes: it may answer and refuse them, being full, or a replica.',
    Number(state.storeFault === ''),
  )
  gauge(
    'gateway_draining',
    '1 while the gateway finishes its calls before it ends.',
    Number(facts.isDraining()),
  )
  gauge('gateway_threads', 'Threads that serve calls.', facts.threads.served.filter((n) => n >= 0).length)
  gauge('gateway_thread_restarts', 'Threads replaced after a crash.', facts.threads.restarts)
  gauge(
    'gateway_traffic_dropped_seconds',
    'Seconds whose counts are not in the history of the console, as Redis was away or failed.',
    facts.traffic.dropped.seconds,
  )
  gauge(
    'gateway_request_log_dropped',
    'Calls that were chosen for the log of the console and are not in it, for the same reason.',
    facts.traffic.dropped.calls,
  )
  const startedAt = Math.round(performance.timeOrigin / 1e3)
  gauge('process_start_time_seconds', 'When the process began, in seconds since the epoch.', startedAt)
  if (facts.tls) certificateGauges(facts.tls, own)
  gauge('process_resident_memory_bytes', 'Memory of the process.', process.memoryUsage.rss())
  addHealthMetrics(own, facts.watch.report())
  const { user, system } = process.cpuUsage()
  gauge('process_cpu_seconds', 'Processor time of the process.', (user + system) / 1e6)
  return { type: own.contentType, text: `${await sum.metrics()}\n${await own.metrics()}` }
}

function certificateGauges({ material, hasFault }: NonNullable<ProcessFacts['tls']>, registry: Registry) {
  const registers = [registry]
  const expiry = new Gauge({
    name: 'gateway_tls_certificate_expiry_timestamp_seconds',
    help: 'Until when each certificate in force is valid.',
    labelNames: ['file'],
    registers,
  })
  for (const { file, notAfter } of material.certificates) expiry.set({ file }, notAfter / 1000)
  new Gauge({
    name: 'gateway_tls_certificates_refused',
    help: '1 when certificates on the disk could not be brought into force.',
    registers,
  }).set(Number(hasFault))
}
