import type { RegistryEvent } from '../registry/model.ts'
import type { Shared } from './shared.ts'
import type { Pieces } from './snapshot-pieces.ts'
import type { TlsMaterial } from './tls/material.ts'
import type { ThreadTraffic } from './traffic/messages.ts'

/** Undefined: not open. */
export interface Ports {
  readonly clear: number | undefined
  readonly tls: number | undefined
}

/** What the main thread and its worker threads say to each other. */
export type ToWorker =
  | { kind: 'listen'; ports: Ports; canShare: boolean }
  | { kind: 'table'; number: number; pieces: Pieces; slots: ReadonlyMap<string, number> }
  | { kind: 'event'; event: RegistryEvent }
  /** For connections from now on. */
  | { kind: 'tls'; material: TlsMaterial }
  /** Events were missed: forget all identities. */
  | { kind: 'gap' }
  | { kind: 'metrics'; question: number }
  | ({ kind: 'drain' } & Draining)

export interface Draining {
  /** So long new connections are taken still. ms */
  readonly delayMs: number
  /** So long after that calls in flight may take. ms */
  readonly withinMs: number
}

export type FromWorker =
  | { kind: 'listening' }
  | { kind: 'table'; number: number; error: string | null }
  | { kind: 'metrics'; question: number; metrics: object[] }
  | { kind: 'traffic'; traffic: ThreadTraffic }

export interface WorkerStart {
  readonly thread: number
  readonly publicUrl: string
  readonly shared: Shared
  readonly tls: TlsMaterial | undefined
}
