import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Log } from '../registry/base/log.ts'
import type { Draining, FromWorker, Ports, ToWorker, WorkerStart } from './messages.ts'
import type { Shared, SharedView } from './shared.ts'
import type { TlsMaterial } from './tls/material.ts'
import type { ThreadTraffic } from './traffic/messages.ts'

/** The worker threads: started, told, asked, replaced when one crashes, drained. */
export interface Threads {
  readonly count: number
  start(): Promise<void>
  /** Opens the ports in all threads. */
  listen(ports: Ports): Promise<void>
  /**
   * Brings a table into force in all threads, those started later included, or in none.
   * @returns why it was refused; empty when it is in force
   */
  publish(table: TableMessage): Promise<string[]>
  tell(message: ToWorker): void
  metrics(): Promise<object[][]>
  /** Snapshot numbers served, by thread; -1 before the first. */
  readonly served: readonly number[]
  readonly restarts: number
  drain(draining: Draining): Promise<void>
}

type TableMessage = Extract<ToWorker, { kind: 'table' }>

export interface ThreadsParts {
  readonly count: number
  readonly shared: Shared
  readonly view: SharedView
  readonly publicUrl: string
  /** The certificates in force when a thread is started. */
  readonly tls: () => TlsMaterial | undefined
  readonly log: Log
  /** What a thread counted in a second. */
  readonly onTraffic: (traffic: ThreadTraffic) => void
  /** What a thread runs; `worker.ts` unless a test has something else in mind. */
  readonly script?: URL
}

/** A thread that crashes at once again and again is started this much later each time, up to the last. ms */
const restartDelays = [0, 100, 500, 2_000, 5_000]

/** Longest wait for a thread to answer before it is left out, and to compile a table, on a machine with much to do. ms */
const answerMs = 10_000
const compileMs = 60_000

/** Why a table is not in force when every thread that was asked ended, be it through the table or not. */
export const noVerdict = 'no thread lived to take it'

const workerScript = new URL('./worker.ts', import.meta.url)

export function createThreads(parts: ThreadsParts): Threads {
  const { count, shared, view, publicUrl, log, script = workerScript } = parts
  const workers: (Worker | undefined)[] = []
  const served: number[] = Array.from({ length: count }, () => -1)
  let table: TableMessage | undefined // the one in force
  let ports: Ports | undefined
  let restarts = 0
  let isEnding = false
  let questions = 0

  async function spawn(thread: number, crashes = 0): Promise<void> {
    const start: WorkerStart = { thread, publicUrl, shared, tls: parts.tls() }
    const worker = new Worker(script, { workerData: start })
    workers[thread] = worker
    const startedAt = performance.now()
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'traffic') parts.onTraffic(message.traffic)
    })
    worker.on('error', (error) => log.error({ err: error, thread }, 'a thread crashed'))
    worker.once('exit', (code) => {
      workers[thread] = undefined
      served[thread] = -1
      view.releaseThread(thread)
      if (isEnding) return
      restarts++
      const again = performance.now() - startedAt > 60_000 ? 0 : crashes + 1
      const delay = restartDelays[Math.min(again, restartDelays.length - 1)]!
      log.error({ thread, code, delayMs: delay }, 'a thread ended and is replaced')
      setTimeout(() => {
        if (!isEnding)
          spawn(thread, again).catch((error) =>
            log.error({ err: error, thread }, 'a thread could not be replaced'),
          )
      }, delay)
    })
    try {
      // The table first: a thread takes calls only when it can serve them. Meanwhile a newer one may come into force.
      while (table && served[thread] !== table.number) {
        const error = await askTable(worker, thread, table)
        if (error !== null) throw new Error(error)
      }
      if (ports) await listenOn(worker, ports)
    } catch (error) {
      void worker.terminate() // and is replaced
      throw error
    }
  }

  const listenOn = (worker: Worker, at: Ports) =>
    ask(worker, { kind: 'listen', ports: at, canShare: count > 1 }, (m) => m.kind === 'listening')

  /** @returns why the thread refuses it; null when it serves it. @throws Error when the thread ends meanwhile */
  async function askTable(worker: Worker, thread: number, message: TableMessage): Promise<string | null> {
    const fits = (m: FromWorker) => m.kind === 'table' && m.number === message.number
    const answer = await ask(worker, message, fits, compileMs)
    const { error } = answer as Extract<FromWorker, { kind: 'table' }>
    if (error === null) served[thread] = message.number
    return error
  }

  const alive = () => workers.flatMap((worker, thread) => (worker ? [{ worker, thread }] : []))

  async function bringIntoForce(message: TableMessage): Promise<string[]> {
    const refusals: string[] = []
    let wasTaken = false
    // One after the other: while one compiles, and its collector works, the others serve.
    for (const { worker, thread } of alive()) {
      if (workers[thread] !== worker) continue // it ended while another was asked
      const error = await askTable(worker, thread, message).catch(() => undefined)
      if (error === null) wasTaken = true
      if (typeof error !== 'string') continue
      refusals.push(error)
      break
    }
    // A thread that ended meanwhile has no say, unless none is left that took the table: it may be what ended them.
    if (!wasTaken && refusals.length === 0) refusals.push(noVerdict)
    if (refusals.length === 0) table = message
    // Those that took what others refused go back; one that was started meanwhile comes along.
    const inForce = table
    if (inForce)
      await Promise.allSettled(
        alive()
          .filter(({ thread }) => served[thread] !== inForce.number)
          .map(({ worker, thread }) => askTable(worker, thread, inForce)),
      )
    return refusals
  }

  return {
    count,
    served,
    get restarts() {
      return restarts
    },
    async start() {
      await Promise.all(Array.from({ length: count }, (_, thread) => spawn(thread)))
    },
    async listen(at) {
      ports = at // first, for those that are started meanwhile
      await Promise.all(alive().map(({ worker }) => listenOn(worker, at)))
    },
    publish: bringIntoForce,
    tell(message) {
      for (const { worker } of alive()) worker.postMessage(message)
    },
    async metrics() {
      const question = ++questions
      const answers = await Promise.allSettled(
        alive().map(({ worker }) =>
          ask(worker, { kind: 'metrics', question }, (m) => m.kind === 'metrics' && m.question === question),
        ),
      )
      return answers.flatMap((a) =>
        a.status === 'fulfilled' ? [(a.value as Extract<FromWorker, { kind: 'metrics' }>).metrics] : [],
      )
    },
    async drain({ delayMs, withinMs }) {
      isEnding = true
      await Promise.all(
        alive().map(async ({ worker }) => {
          const ended = once(worker, 'exit')
          worker.postMessage({ kind: 'drain', delayMs, withinMs } satisfies ToWorker)
          // A thread that hangs must not keep the process: it gets a second more than its calls.
          const timer = setTimeout(() => void worker.terminate(), delayMs + withinMs + 1_000)
          await ended
          clearTimeout(timer)
        }),
      )
    },
  }
}

/** Sends a message and waits for the answer that fits. @throws Error when the thread ends or stays silent */
function ask(
  worker: Worker,
  message: ToWorker,
  fits: (answer: FromWorker) => boolean,
  withinMs = answerMs,
): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = (answer: FromWorker) => {
      if (!fits(answer)) return
      end()
      resolve(answer)
    }
    const fail = (reason: string) => {
      end()
      reject(new Error(reason))
    }
    const onExit = () => fail('the thread ended')
    const timer = setTimeout(() => fail(`the thread did not answer within ${withinMs} ms`), withinMs)
    worker.on('message', onMessage).on('exit', onExit)
    worker.postMessage(message)
  })
}
