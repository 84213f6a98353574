import type { Pool } from 'undici'
import { createChooser } from '../policies/balance/index.ts'
import type { TargetView, UpstreamView } from '../policies/policy.ts'
import type { SealedUpstream, Target } from '../registry/model.ts'
import type { SharedView } from './shared.ts'

/** A target as one table sees it. Its count lives in its slot and its connections in its pool: both outlive the table. */
export interface LiveTarget extends TargetView {
  readonly url: string
  /** Value of the Host header, unless the upstream keeps the caller's. */
  readonly host: string
  readonly pool: Pool
  /** Tells how long the head of an answer, or the failure of the attempt, took. */
  answered(ms: number, isFailure: boolean): void
}

export interface LiveUpstream extends UpstreamView {
  readonly settings: SealedUpstream
  readonly targets: readonly LiveTarget[]
  /** What the gateway presents to the service, where the upstream has a credential. */
  readonly credential: { readonly header: string; readonly value: string } | undefined
}

/** Target ids are names inside an upstream; counts are kept under both. */
export const slotKey = (upstream: Pick<SealedUpstream, 'id'>, target: Pick<Target, 'id'>) =>
  `${upstream.id}/${target.id}`

/** Connection pools by what decides about a connection, shared by all tables that use them. */
export interface Pools {
  /** A pool for the target, counted as used once more. */
  acquire(upstream: SealedUpstream, target: Target): { pool: Pool; key: string }
  /** Not used any more by one table; closes when by none: calls in flight finish. */
  release(key: string): void
  closeAll(): Promise<void>
}

export function createPools(openPool: (upstream: SealedUpstream, target: Target) => Pool): Pools {
  const pools = new Map<string, { pool: Pool; uses: number }>()
  return {
    acquire(upstream, target) {
      const { connectTimeoutMs, idleTimeoutMs, caCertificate } = upstream
      const key = JSON.stringify([
        upstream.id,
        target.id,
        target.url,
        connectTimeoutMs,
        idleTimeoutMs,
        caCertificate,
        target.maxConnections,
      ])
      const entry = pools.get(key) ?? { pool: openPool(upstream, target), uses: 0 }
      entry.uses++
      pools.set(key, entry)
      return { pool: entry.pool, key }
    },
    release(key) {
      const entry = pools.get(key)
      if (!entry || --entry.uses > 0) return
      pools.delete(key)
      entry.pool.close().catch(() => {}) // it is being thrown away; what it still carried has its own handlers
    },
    async closeAll() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
      pools.clear()
    },
  }
}

export interface UpstreamParts {
  readonly pools: Pools
  readonly shared: SharedView
  readonly slots: ReadonlyMap<string, number>
  readonly openCredential: (upstream: SealedUpstream) => { header: string; value: string } | undefined
}

/** @returns the upstream, and the keys of the pools to release with its table */
export function buildUpstream(
  settings: SealedUpstream,
  parts: UpstreamParts,
): { upstream: LiveUpstream; poolKeys: string[] } {
  const poolKeys: string[] = []
  const targets = settings.targets.map((target): LiveTarget => {
    const slot = parts.slots.get(slotKey(settings, target))
    if (slot === undefined) throw new Error(`no slot for target ${slotKey(settings, target)}`)
    const { pool, key } = parts.pools.acquire(settings, target)
    poolKeys.push(key)
    return liveTarget(target, pool, slot, parts.shared, settings.strategy === 'least-time')
  })
  const { id, name, strategy } = settings
  const choose = createChooser(settings, targets)
  return {
    upstream: { id, name, strategy, targets, choose, settings, credential: parts.openCredential(settings) },
    poolKeys,
  }
}

function liveTarget(
  target: Target,
  pool: Pool,
  slot: number,
  shared: SharedView,
  isTimed: boolean,
): LiveTarget {
  const maxConnections = target.maxConnections ?? Number.POSITIVE_INFINITY
  const live: LiveTarget = {
    id: target.id,
    url: target.url,
    host: new URL(target.url).host,
    weight: target.weight,
    maxConnections,
    isDraining: target.isDraining,
    pool,
    isAvailable: () => true,
    isBarred: () => false,
    weightFactor: () => 1,
    headMs: () => (isTimed ? shared.headMs(slot) : undefined),
    answered: (ms, isFailure) => {
      if (isTimed) shared.addHeadMs(slot, ms, isFailure)
    },
    inFlight: () => shared.inFlight(slot),
    tryAcquire: () => (shared.tryAcquire(slot, maxConnections) ? live : undefined),
    release: () => shared.release(slot),
  }
  return live
}
