import { parentPort, workerData } from 'node:worker_threads'
import { asProblem } from '../base/problem.ts'
import { toCollection } from './collection.ts'
import { parseDocumentText } from './parse.ts'
import { pointToGateway } from './point-to-gateway.ts'
import { readBytes, readParts, withLines } from './read.ts'
import { refusal } from './refusal.ts'
import type { Answer, Task } from './run.ts'
import { type Pieces, splitDocument } from './split.ts'
import { upgraded } from './upgrade.ts'

/** The thread's side of run.ts: one task, then it ends. */
const port = parentPort!
try {
  await work(workerData as Task)
} catch (thrown) {
  // Deep recursion in a parser, on a text that we could not look at before.
  const error =
    thrown instanceof RangeError
      ? refusal([{ pointer: '', detail: 'The document is nested too deeply.' }])
      : thrown
  const { code, detail, errors, cause } = asProblem(error)
  say({ kind: 'refused', code, detail, errors, note: cause instanceof Error ? cause.stack : undefined })
}

async function work(task: Task): Promise<void> {
  if (task.kind === 'split') return say({ kind: 'split', pieces: await split(task.bytes) })
  if (task.kind === 'publish') {
    const parsed = parseDocumentText(task.bytes)
    const { dialect, security, operations } = readParts(parsed)
    const contract = { dialect, operations, scopes: security.scopes }
    const document = pointToGateway(parsed.tree, contract, task.options)
    const made = task.form === 'postman' ? await toCollection(document) : document
    say({ kind: 'published', text: Buffer.from(JSON.stringify(made)) })
    return
  }
  const { document, parsed } = readBytes(task.bytes)
  say({ kind: 'read', document })
  // Loading the validator takes longer than publishing a small document, which needs none.
  const { checkAgainstSpecification } = await import('./validate.ts')
  const faults = withLines(await checkAgainstSpecification(parsed.tree, document.dialect), parsed)
  say({ kind: 'checked', findings: faults })
}

async function split(bytes: Uint8Array): Promise<Pieces> {
  const parsed = parseDocumentText(bytes)
  const { dialect, operations } = readParts(parsed)
  return splitDocument(dialect === '2.0' ? await upgraded(parsed.tree) : parsed.tree, operations)
}

function say(answer: Answer): void {
  port.postMessage(answer)
}
