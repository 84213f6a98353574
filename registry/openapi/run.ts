import { Worker } from 'node:worker_threads'
import { type FieldError, type ProblemCode, problem } from '../base/problem.ts'
import type { Finding, ImportedDocument } from '../model.ts'
import { refusal } from './refusal.ts'
import type { Pieces } from './split.ts'

export interface Limits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

export interface GatewayView {
  /** Where partners reach this version, base path included, e.g. `https://api.bank.example/payments/v1`. */
  readonly serverUrl: string
  /** Instead of the document's own title. */
  readonly title?: string | undefined
  /** Default: `/oauth2/token` at the host of `serverUrl`. */
  readonly tokenUrl?: string | undefined
}

export type Task =
  | { readonly kind: 'split'; readonly bytes: Uint8Array }
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'publish'
      readonly bytes: Uint8Array
      readonly options: GatewayView
      readonly form: 'openapi' | 'postman'
    }

export type Answer =
  | { readonly kind: 'read'; readonly document: ImportedDocument }
  | { readonly kind: 'checked'; readonly findings: Finding[] }
  | { readonly kind: 'published'; readonly text: Uint8Array }
  | { readonly kind: 'split'; readonly pieces: Pieces }
  | {
      readonly kind: 'refused'
      readonly code: ProblemCode
      readonly detail: string | undefined
      readonly errors: readonly FieldError[] | undefined
      readonly note: string | undefined
    }

/** How a task ended, and what was said until then. */
export interface Outcome {
  readonly answers: readonly Answer[]
  readonly end: 'done' | 'timeout' | 'memory'
}

/** A 4 MB document with its references written out takes about half of it. */
const maxHeapMb = 1_024
/** Each may take a whole core and the memory above. */
const maxThreads = 2
let threads = 0
const waiting: (() => void)[] = []

/**
 * Runs a task in a thread of its own, so that large documents never stall the caller's loop. The thread is ended
 * when time is up; waiting for a free place does not count.
 * @throws Problem document-invalid (or what else the thread refused with)
 */
export async function runTask(task: Task, limits: Limits): Promise<Outcome> {
  if (task.bytes.length > limits.maxBytes)
    throw refusal([{ pointer: '', detail: `The document is larger than ${limits.maxBytes} bytes.` }])
  if (threads >= maxThreads) await new Promise<void>((resolve) => waiting.push(resolve))
  threads++
  try {
    return await runThread(task, limits.timeoutMs)
  } finally {
    threads--
    waiting.shift()?.()
  }
}

function runThread(task: Task, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = []
    // No environment: a parser of strangers' texts has no need of our secrets.
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: task,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    })
    const timer = setTimeout(() => end('timeout'), timeoutMs)
    const end = (how: Outcome['end']) => {
      clearTimeout(timer)
      void worker.terminate()
      resolve({ answers, end: how })
    }
    worker.on('message', (answer: Answer) => {
      if (answer.kind !== 'refused') return void answers.push(answer)
      clearTimeout(timer)
      reject(problem(answer.code, withoutUndefined(answer)))
    })
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return end('memory')
      clearTimeout(timer)
      reject(error)
    })
    worker.on('exit', () => end('done'))
  })
}

function withoutUndefined({ detail, errors, note }: Extract<Answer, { kind: 'refused' }>) {
  return { ...(detail && { detail }), ...(errors && { errors }), ...(note && { note }) }
}

/** For an outcome that lacks its answer: why. */
export function unfinished({ end }: Outcome, { timeoutMs }: Limits) {
  const detail =
    end === 'memory'
      ? 'Reading the document needs more memory than is allowed.'
      : `Reading the document takes longer than ${timeoutMs} ms.`
  return refusal([{ pointer: '', detail }])
}
