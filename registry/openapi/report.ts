import type { FieldError } from '../base/problem.ts'
import type { Finding } from '../model.ts'

/** What is said of a document: findings go along with the import, refusals prevent it. */
export interface Report {
  readonly findings: Finding[]
  readonly refusals: FieldError[]
  readonly said: Set<string>
}

export function newReport(): Report {
  return { findings: [], refusals: [], said: new Set() }
}

/** Adds a warning, once for each thing said. */
export function warn(report: Report, code: string, message: string, pointer: string): void {
  if (report.said.has(message)) return
  report.said.add(message)
  report.findings.push({ severity: 'warning', code, message, pointer })
}
