import type { ImportedDocument } from '../model.ts'
import { type Limits, runTask, unfinished } from './run.ts'

export type { Limits } from './run.ts'

/**
 * Reads an OpenAPI document (Swagger 2.0, OpenAPI 3.0 to 3.2; JSON or YAML) in a thread of its own. Takes what can be
 * routed and reports the rest as findings: documents that serve money every day are not strictly valid. Never follows
 * a reference out of the document.
 *
 * @throws Problem document-invalid with pointers and lines, also when a limit is reached
 */
export async function readDocument(bytes: Buffer, limits: Limits): Promise<ImportedDocument> {
  const outcome = await runTask({ kind: 'read', bytes }, limits)
  const read = outcome.answers.find((a) => a.kind === 'read')
  if (!read) throw unfinished(outcome, limits)
  const checked = outcome.answers.find((a) => a.kind === 'checked')
  // References can multiply without end when they are written out; that hinders the check, not the gateway.
  const faults = checked?.findings ?? [
    {
      severity: 'warning' as const,
      code: 'not-fully-checked',
      message: `Checking against the specification ran out of ${outcome.end === 'memory' ? 'memory' : 'time'}.`,
      pointer: '',
    },
  ]
  return { ...read.document, findings: [...faults, ...read.document.findings] }
}
