import { setTimeout as wait } from 'node:timers/promises'
import { steadyClock } from '../registry/base/clock.ts'
import type { Log } from '../registry/base/log.ts'
import { asProblem, Problem } from '../registry/base/problem.ts'
import { followEvents } from '../registry/events.ts'
import { beat } from '../registry/gateways.ts'
import type { Snapshot } from '../registry/model.ts'
import { currentNumber, loadSnapshot } from '../registry/snapshot.ts'
import type { Registry } from '../registry/store.ts'
import { TargetReport } from '../registry/upstream-health.ts'
import type { HealthWatch } from './health-watch.ts'
import type { SharedView } from './shared.ts'
import type { SlotTable } from './slot-table.ts'
import { readSnapshotFile, writeSnapshotFile } from './snapshot-file.ts'
import { cut } from './snapshot-pieces.ts'
import { noVerdict, type Threads } from './supervise.ts'
import { slotKeys } from './targets.ts'

/** Keeps all threads of this gateway on the registry's current snapshot, and tells them what was revoked. */
export interface Following {
  /** Loads the first snapshot, from Redis or from the file, and begins to follow. */
  start(): Promise<void>
  readonly state: FollowState
}

export interface FollowState {
  /** Number in force in all threads; -1 before the first. */
  snapshot: number
  /** When the snapshot in force was made, ms since the epoch. */
  snapshotCreatedAt: number
  /** Whether it came from the file, because Redis could not be reached. */
  isFromFile: boolean
  /** Whether the registry is in contact. */
  readonly isInContact: boolean
  /** Why the newest snapshot is not in force; '' when it is. */
  lastError: string
  /** Gateways alive when the registry was last in contact; 0 before. */
  gateways: number
  /** Why Redis did not take the last heartbeat, in its own words; '' when it did. It may answer and refuse to write. */
  storeFault: string
  /** Why the snapshot in force is not in the file; '' when it is, or was never to be. */
  fileFault: string
}

export interface FollowParts {
  readonly registry: Registry
  readonly threads: Threads
  readonly view: SharedView
  readonly slots: SlotTable
  readonly watch: HealthWatch
  readonly file: string
  readonly log: Log
  readonly about: { readonly gatewayId: string; readonly startedAt: number; readonly address: string }
  readonly signal: AbortSignal
}

const pollMs = 500
const beatMs = 2_000
/** A heartbeat stays small, however many targets there are: some 150 bytes for each. */
const maxReportedTargets = 200
/** Without a word from the registry for so long, it counts as away. */
const contactLapseMs = 2_000
const firstContactMs = 1_000
const doubtMs = 30_000
/** Between two tries to write the file. */
const keepAgainMs = 2_000

export function createFollowing(parts: FollowParts): Following {
  const { registry, threads, view, log, signal } = parts
  const state: FollowState = {
    snapshot: -1,
    snapshotCreatedAt: 0,
    isFromFile: false,
    get isInContact() {
      return view.contactAt() > 0 && steadyClock() - view.contactAt() < contactLapseMs
    },
    lastError: '',
    gateways: 0,
    storeFault: '',
    fileFault: '',
  }
  let loading: Promise<void> | undefined
  let refused = -1 // a snapshot that the threads would not take is not tried again and again
  let unkept: Snapshot | undefined // in force, and not in the file
  let triedAt = 0
  let doubted = { number: -1, since: 0 }
  let mayDiffer = false // Redis may have lost writes: the same number may mean another snapshot
  let keysInForce: readonly string[] = []
  const firstContact = Promise.withResolvers<void>()

  /** Brings the current snapshot into force, unless it is. One at a time; a call during one waits for it and looks again. */
  async function catchUp(): Promise<void> {
    while (loading) await loading
    loading = load().finally(() => {
      loading = undefined
    })
    return loading
  }

  async function load() {
    const number = await currentNumber(registry)
    if (number === state.snapshot && !state.isFromFile && !mayDiffer) {
      refused = -1
      state.lastError = '' // of a newer one, from which the registry has come back
      if (unkept && steadyClock() - triedAt > keepAgainMs) await keep(unkept)
      return
    }
    if (number === refused && !mayDiffer) return
    mayDiffer = false
    try {
      // Nothing ever leads back to 0: the registry was emptied, and that is no reason to serve nothing.
      if (number === 0 && state.snapshot > 0) throw new Error('the registry has lost its snapshots')
      const snapshot = await loadSnapshot(registry, number)
      if (!snapshot) throw new Error('it is current but not there')
      await bringIntoForce(snapshot, false)
      if (state.snapshot === number && number > 0) await keep(snapshot)
    } catch (error) {
      if (asProblem(error).code !== 'store-unavailable') refuse(number, [noteOf(error)])
      throw error
    }
  }

  function refuse(number: number, errors: readonly string[]) {
    const lastError = `snapshot ${number}: ${errors[0]}`
    if (lastError !== state.lastError)
      log.error({ snapshot: number, errors }, 'the snapshot was refused; the old one stays in force')
    state.lastError = lastError
  }

  async function bringIntoForce(snapshot: Snapshot, isFromFile: boolean) {
    const { number } = snapshot
    const keys = snapshot.upstreams.flatMap(slotKeys)
    const slots = parts.slots.assign(keys, keysInForce)
    const errors = await threads.publish({ kind: 'table', number, pieces: cut(snapshot), slots })
    if (errors.length > 0) {
      if (errors[0] !== noVerdict || isLateFor(number)) refused = number
      refuse(number, errors)
      return
    }
    refused = -1
    keysInForce = keys
    parts.watch.follow(snapshot.upstreams, slots)
    Object.assign(state, {
      snapshot: number,
      snapshotCreatedAt: snapshot.createdAt,
      isFromFile,
      lastError: '',
    })
    log.info({ snapshot: number, apis: snapshot.apis.length, isFromFile }, 'the snapshot is in force')
  }

  /** Threads may have ended for a reason of their own: then the table is tried again, but not for ever. */
  function isLateFor(number: number): boolean {
    if (doubted.number !== number) doubted = { number, since: steadyClock() }
    return steadyClock() - doubted.since > doubtMs
  }

  async function keep(snapshot: Snapshot) {
    try {
      triedAt = steadyClock()
      await writeSnapshotFile(parts.file, snapshot)
      unkept = undefined
      state.fileFault = ''
    } catch (error) {
      // It serves the next start only: what is in force is not touched by a full disk.
      unkept = snapshot
      const fault = (error as Error).message
      if (fault !== state.fileFault)
        log.warn({ err: error, file: parts.file }, 'the snapshot file could not be written')
      state.fileFault = fault
    }
  }

  async function startFromFile(cause: unknown) {
    log.warn({ err: cause }, 'the current snapshot cannot be had; looking for the snapshot file')
    const kept = await readSnapshotFile(parts.file).catch((error) => {
      log.error({ err: error, file: parts.file }, 'the snapshot file cannot be read')
      return undefined
    })
    if (kept) await bringIntoForce(kept, true)
    else log.error('there is no snapshot file either: no call can be served until there is a snapshot')
  }

  /** The event stream tells of changes at once; asking as well costs little, and needs no trust in the stream. */
  async function poll() {
    while (!signal.aborted) {
      await wait(pollMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      await catchUp().catch((error) =>
        log.debug({ err: error }, 'the current snapshot could not be asked for'),
      )
    }
  }

  async function beatOn() {
    while (!signal.aborted) {
      const { snapshot, lastError } = state
      const targets = parts.watch.report()
      await beat(registry, {
        ...parts.about,
        at: Date.now(),
        threads: threads.count,
        snapshot: Math.max(0, snapshot),
        lastError,
        targets: targets.slice(0, maxReportedTargets).map((t) => TargetReport.parse(t)),
        unlistedTargets: Math.max(0, targets.length - maxReportedTargets),
      }).then(
        (count) => {
          view.leases.setNodes(count) // limits are shared out by it
          state.gateways = count
          tellFault('')
        },
        (error) => tellFault(noteOf(error)),
      )
      view.leases.sweep()
      await wait(beatMs, undefined, { signal }).catch(() => {})
    }
  }

  function tellFault(fault: string) {
    if (signal.aborted) return
    if (fault !== '' && state.storeFault === '') log.warn({ fault }, 'Redis takes no writes')
    if (fault === '' && state.storeFault !== '') log.info('Redis takes writes again')
    state.storeFault = fault
  }

  const follow = () =>
    followEvents(
      registry,
      {
        onEvent(event) {
          if (event.kind === 'snapshot')
            catchUp().catch((error) => log.warn({ err: error }, 'a new snapshot could not be loaded'))
          else threads.tell({ kind: 'event', event })
        },
        onGap() {
          threads.tell({ kind: 'gap' })
          mayDiffer = true // the next look, soon by polling, loads it again
        },
        onContact(at) {
          // What was looked up before we began to listen may have been revoked in between.
          if (view.contactAt() === 0) threads.tell({ kind: 'gap' })
          view.markContact(at)
          firstContact.resolve()
        },
      },
      signal,
    )

  return {
    state,
    async start() {
      const fault = await catchUp().catch((error: unknown) => error)
      if (state.snapshot < 0) await startFromFile(fault)
      void follow().catch((error) => log.fatal({ err: error }, 'following the registry ended'))
      void poll()
      void beatOn()
      // With the first word of the registry behind us, no revocation is missed by the calls that come now.
      if (!state.isFromFile && state.snapshot >= 0)
        await Promise.race([firstContact.promise, wait(firstContactMs, undefined, { signal })])
    },
  }
}

/** What is wrong, for the operator: a Problem keeps it in its note. */
function noteOf(error: unknown): string {
  return error instanceof Problem ? (error.note ?? error.message) : (error as Error).message
}
