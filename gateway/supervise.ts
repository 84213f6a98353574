import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Log } from '../registry/base/log.ts'
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts'
import type { Shared, SharedView } from './shared.ts'

/** The worker threads: started, told, asked, replaced when one crashes, drained. */
export interface Threads {
  readonly count: number
  start(): Promise<void>
  /** Opens the port in all threads. */
  listen(port: number): Promise<void>
  /** Tells all threads, and every thread started later, of a table. @returns the errors of those that refused it */
  publish(table: Extract<ToWorker, { kind: 'table' }>): Promise<string[]>
  tell(message: ToWorker): void
  metrics(): Promise<object[][]>
  /** Snapshot numbers served, by thread; -1 before the first. */
  readonly served: readonly number[]
  readonly restarts: number
  drain(withinMs: number): Promise<void>
}

export interface ThreadsParts {
  readonly count: number
  readonly shared: Shared
  readonly view: SharedView
  readonly publicUrl: string
  readonly log: Log
}

/** A thread that crashes at once again and again is started this much later each time, up to the last. ms */
const restartDelays = [0, 100, 500, 2_000, 5_000]

/** Longest wait for a thread to answer before it is left out. ms */
const answerMs = 10_000

export function createThreads({ count, shared, view, publicUrl, log }: ThreadsParts): Threads {
  const workers: (Worker | undefined)[] = []
  const served: number[] = Array.from({ length: count }, () => -1)
  let table: Extract<ToWorker, { kind: 'table' }> | undefined
  let port = 0
  let restarts = 0
  let isEnding = false
  let questions = 0

  async function spawn(thread: number, crashes = 0): Promise<void> {
    const start: WorkerStart = { thread, publicUrl, shared }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: start })
    workers[thread] = worker
    const startedAt = Date.now()
    worker.on('error', (error) => log.error({ err: error, thread }, 'a thread crashed'))
    worker.once('exit', (code) => {
      workers[thread] = undefined
      served[thread] = -1
      view.releaseThread(thread)
      if (isEnding) return
      restarts++
      const again = Date.now() - startedAt > 60_000 ? 0 : crashes + 1
      const delay = restartDelays[Math.min(again, restartDelays.length - 1)]!
      log.error({ thread, code, delayMs: delay }, 'a thread ended and is replaced')
      setTimeout(() => {
        if (!isEnding)
          spawn(thread, again).catch((error) =>
            log.error({ err: error, thread }, 'a thread could not be replaced'),
          )
      }, delay)
    })
    // The table first: a thread takes calls only when it can serve them.
    if (table) await askTable(worker, thread, table)
    if (port) await listenOn(worker, port)
  }

  const listenOn = (worker: Worker, onPort: number) =>
    ask(worker, { kind: 'listen', port: onPort, canShare: count > 1 }, (m) => m.kind === 'listening')

  async function askTable(
    worker: Worker,
    thread: number,
    message: Extract<ToWorker, { kind: 'table' }>,
  ): Promise<string | null> {
    const answer = await ask(worker, message, (m) => m.kind === 'table' && m.number === message.number)
    const { error } = answer as Extract<FromWorker, { kind: 'table' }>
    if (error === null) served[thread] = message.number
    return error
  }

  const alive = () => workers.flatMap((worker, thread) => (worker ? [{ worker, thread }] : []))

  return {
    count,
    served,
    get restarts() {
      return restarts
    },
    async start() {
      await Promise.all(Array.from({ length: count }, (_, thread) => spawn(thread)))
    },
    async listen(onPort) {
      await Promise.all(alive().map(({ worker }) => listenOn(worker, onPort)))
      port = onPort
    },
    async publish(message) {
      table = message
      const errors = await Promise.all(
        alive().map(({ worker, thread }) =>
          askTable(worker, thread, message).catch((error: Error) => error.message),
        ),
      )
      return errors.filter((error) => error !== null)
    },
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
    async drain(withinMs) {
      isEnding = true
      await Promise.all(
        alive().map(async ({ worker }) => {
          const ended = once(worker, 'exit')
          worker.postMessage({ kind: 'drain', withinMs } satisfies ToWorker)
          // A thread that hangs must not keep the process: it gets a second more than its calls.
          const timer = setTimeout(() => void worker.terminate(), withinMs + 1_000)
          await ended
          clearTimeout(timer)
        }),
      )
    },
  }
}

/** Sends a message and waits for the answer that fits. @throws Error when the thread ends or stays silent */
function ask(worker: Worker, message: ToWorker, fits: (answer: FromWorker) => boolean): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit).off('error', onExit)
    }
    const onMessage = (answer: FromWorker) => {
      if (!fits(answer)) return
      end()
      resolve(answer)
    }
    const onExit = (reason: unknown) => {
      end()
      reject(reason instanceof Error ? reason : new Error('the thread ended'))
    }
    const timer = setTimeout(
      () => onExit(new Error(`the thread did not answer within ${answerMs} ms`)),
      answerMs,
    )
    worker.on('message', onMessage).on('exit', onExit).on('error', onExit)
    worker.postMessage(message)
  })
}
