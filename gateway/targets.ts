import { createChooser } from '../policies/balance/index.ts'
import type { Exchange, TargetView, UpstreamView } from '../policies/policy.ts'
import type { SealedUpstream, Target } from '../registry/model.ts'
import type { TargetHealth } from './health.ts'
import type { TargetPool } from './http1/pool.ts'
import type { RetryBudget } from './retry-budget.ts'
import { openRoom, type Room, type UpstreamSlots } from './room.ts'
import type { SharedView } from './shared.ts'
import type { Waiting } from './waiting.ts'

/** A target as one table sees it. Its count lives in its slot and its connections in its pool: both outlive the table. */
export interface LiveTarget extends TargetView {
  readonly url: string
  /** Value of the Host header, unless the upstream keeps the caller's. */
  readonly host: string
  readonly pool: TargetPool
  /** Tells how long the head of an answer, or the failure of the attempt, took. */
  answered(ms: number, isFailure: boolean): void
  /** Says what became of a call: the status of the answer, or 0 where none came. */
  report(status: number, retryAfterSeconds?: number): void
}

export interface LiveUpstream extends UpstreamView {
  readonly settings: SealedUpstream
  readonly targets: readonly LiveTarget[]
  /** What the gateway presents to the service, where the upstream has a credential. */
  readonly credential: { readonly header: string; readonly value: string } | undefined
  readonly room: Room
  readonly retries: RetryBudget
  /** The caller of a call that may be waiting for room is gone. */
  leave(x: Exchange): void
}

/** Target ids are names inside an upstream; counts are kept under both. */
export const slotKey = (upstream: SealedUpstream, target: Target) => `${upstream.id}/${target.id}`
const countKey = (upstream: SealedUpstream, what: keyof UpstreamSlots) => `${upstream.id}?${what}`

/** Everything that is counted of an upstream. */
export const slotKeys = (upstream: SealedUpstream): string[] => [
  ...(['inFlight', 'waiting', 'partners'] as const).map((what) => countKey(upstream, what)),
  ...upstream.targets.map((target) => slotKey(upstream, target)),
]

/** Connection pools by what decides about a connection, shared by all tables that use them. */
export interface Pools {
  /** A pool for the target, counted as used once more. */
  acquire(upstream: SealedUpstream, target: Target): { pool: TargetPool; key: string }
  /** One more table uses it. */
  retain(key: string): void
  /** Not used any more by one table; closes when by none: calls in flight finish. */
  release(key: string): void
  closeAll(): Promise<void>
}

export function createPools(openPool: (upstream: SealedUpstream, target: Target) => TargetPool): Pools {
  const pools = new Map<string, { pool: TargetPool; uses: number }>()
  return {
    acquire(upstream, target) {
      const { protocol, connectTimeoutMs, idleTimeoutMs, caCertificate } = upstream
      const key = JSON.stringify([
        upstream.id,
        protocol,
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
    retain(key) {
      pools.get(key)!.uses++
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

/** The health of a target, by the settings of its upstream. @param fleet slots of its targets that do not drain */
export type HealthOf = (
  upstream: SealedUpstream,
  target: Target,
  slot: number,
  fleet: readonly number[],
) => TargetHealth

export interface UpstreamParts {
  readonly pools: Pools
  readonly shared: SharedView
  readonly slots: ReadonlyMap<string, number>
  readonly healthOf: HealthOf
  readonly waiting: Waiting
  /** @param slot of the upstream */
  readonly retriesOf: (upstream: SealedUpstream, slot: number) => RetryBudget
  readonly openCredential: (upstream: SealedUpstream) => { header: string; value: string } | undefined
}

/** @returns the upstream, and the keys of the pools to release with its table */
export function buildUpstream(
  settings: SealedUpstream,
  parts: UpstreamParts,
): { upstream: LiveUpstream; poolKeys: string[] } {
  const { shared, slots, waiting } = parts
  const poolKeys: string[] = []
  const room = openRoom({
    shared,
    slots: {
      inFlight: slotAt(slots, countKey(settings, 'inFlight')),
      waiting: slotAt(slots, countKey(settings, 'waiting')),
      partners: slotAt(slots, countKey(settings, 'partners')),
    },
    cap: settings.maxConnections ?? Number.POSITIVE_INFINITY,
    targets: settings.targets
      .filter((target) => !target.isDraining)
      .map((target) => ({ slot: slotOf(settings, target, slots), cap: capOf(target) })),
    wake: waiting.wake,
  })
  const fleet = fleetOf(settings, slots)
  const targets = settings.targets.map((target): LiveTarget => {
    const { pool, key } = parts.pools.acquire(settings, target)
    poolKeys.push(key)
    const slot = slotOf(settings, target, slots)
    const health = parts.healthOf(settings, target, slot, fleet)
    return liveTarget(target, pool, slot, shared, room, health, settings.strategy === 'least-time')
  })
  const { id, name, strategy } = settings
  const entrance = waiting.enter(settings, room, createChooser(settings, targets))
  const credential = parts.openCredential(settings)
  const retries = parts.retriesOf(settings, room.slots.inFlight)
  const upstream = { id, name, strategy, targets, ...entrance, settings, credential, room, retries }
  return { upstream, poolKeys }
}

/** Slots of the targets that do not drain. */
export function fleetOf(upstream: SealedUpstream, slots: ReadonlyMap<string, number>): number[] {
  return upstream.targets.filter((t) => !t.isDraining).map((target) => slotOf(upstream, target, slots))
}

export function slotOf(upstream: SealedUpstream, target: Target, slots: ReadonlyMap<string, number>): number {
  return slotAt(slots, slotKey(upstream, target))
}

function slotAt(slots: ReadonlyMap<string, number>, key: string): number {
  const slot = slots.get(key)
  if (slot === undefined) throw new Error(`no slot for ${key}`)
  return slot
}

const capOf = (target: Target) => target.maxConnections ?? Number.POSITIVE_INFINITY

function liveTarget(
  target: Target,
  pool: TargetPool,
  slot: number,
  shared: SharedView,
  room: Room,
  health: TargetHealth,
  isTimed: boolean,
): LiveTarget {
  const maxConnections = capOf(target)
  const live: LiveTarget = {
    id: target.id,
    url: target.url,
    host: new URL(target.url).host,
    weight: target.weight,
    maxConnections,
    isDraining: target.isDraining,
    pool,
    isAvailable: health.isAvailable,
    isBarred: health.isBarred,
    weightFactor: health.weightFactor,
    report: health.report,
    headMs: () => (isTimed ? shared.headMs(slot) : undefined),
    answered: (ms, isFailure) => {
      if (isTimed) shared.addHeadMs(slot, ms, isFailure)
    },
    inFlight: () => shared.count(slot),
    tryAcquire(anyway = false) {
      const admission = health.admit(anyway)
      if (admission === 'no') return undefined
      if (room.tryTake(slot, maxConnections)) return admission === 'trial' ? standIn(live, health) : live
      if (admission === 'trial') health.endTrial()
      return undefined
    },
    release: () => room.giveBack(slot),
  }
  return live
}

/** The target for the one call that tries whether it has recovered: what that call says decides. */
function standIn(target: LiveTarget, health: TargetHealth): LiveTarget {
  let holdsTrial = true
  const endTrial = () => {
    if (holdsTrial) health.endTrial()
    holdsTrial = false
  }
  return {
    ...target,
    report(status, retryAfterSeconds) {
      if (!holdsTrial) return target.report(status, retryAfterSeconds) // its answer broke off later
      health.settleTrial(status)
      endTrial()
    },
    release() {
      endTrial()
      target.release()
    },
  }
}
