import { createServer, type Server } from 'node:http'
import type { FollowState } from './follow.ts'
import type { HealthWatch } from './health-watch.ts'
import { gatewayMetrics } from './process-metrics.ts'
import type { Threads } from './supervise.ts'
import type { TlsKeeper } from './tls/keeper.ts'
import type { Recorder } from './traffic/recorder.ts'

export interface PrivatePortParts {
  readonly state: FollowState
  readonly threads: Threads
  readonly watch: HealthWatch
  /** Whether the port for partners is open. */
  readonly isListening: () => boolean
  readonly isDraining: () => boolean
  readonly tls: TlsKeeper | undefined
  readonly traffic: Pick<Recorder, 'dropped'>
}

/** `/metrics`, `/healthz`, `/readyz`: for the operator, on a port that partners do not reach. */
export function createPrivatePort(parts: PrivatePortParts): Server {
  return createServer(async (req, res) => {
    const send = (status: number, type: string, body: string) => {
      res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    if (req.method !== 'GET' && req.method !== 'HEAD') return send(405, 'text/plain', 'GET only\n')
    switch (req.url?.split('?')[0]) {
      case '/healthz':
        return send(200, 'application/json', JSON.stringify({ status: 'alive' }))
      case '/readyz': {
        const readiness = readinessOf(parts)
        return send(readiness.isReady ? 200 : 503, 'application/json', JSON.stringify(readiness))
      }
      case '/metrics':
        try {
          const { type, text } = await gatewayMetrics(await parts.threads.metrics(), {
            ...parts,
            isReady: readinessOf(parts).isReady,
          })
          return send(200, type, text)
        } catch {
          return send(500, 'text/plain', 'the metrics could not be gathered\n')
        }
      default:
        return send(404, 'text/plain', 'try /metrics, /healthz or /readyz\n')
    }
  })
}

/**
 * Ready: calls are taken, and every thread that lives serves the snapshot in force. What does not make it unready, as it
 * goes on serving: Redis away, and a thread that crashed and is being replaced. It says so.
 */
function readinessOf({ state, threads, isListening, isDraining }: PrivatePortParts) {
  const alive = threads.served.filter((number) => number >= 0)
  const isServing = alive.length > 0 && alive.every((number) => number === state.snapshot)
  return {
    isReady: isServing && isListening() && !isDraining(),
    isDraining: isDraining(),
    snapshot: state.snapshot,
    snapshotAgeSeconds: state.snapshotCreatedAt
      ? Math.max(0, Math.round((Date.now() - state.snapshotCreatedAt) / 1000))
      : null,
    snapshotFileFault: state.fileFault,
    snapshotFrom: state.isFromFile ? 'file' : 'redis',
    threads: threads.served,
    redis: state.isInContact ? 'connected' : 'away',
    redisFault: state.storeFault,
    lastError: state.lastError,
  }
}
