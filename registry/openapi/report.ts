import type { FieldError } from '../base/problem.ts'
import type { Finding } from '../model.ts'

/** What is said of a document: findings go along with the import, refusals prevent it. */
export interface Report {
  readonly findings: Finding[]
  readonly refusals: FieldError[]
}

export function newReport(): Report {
  return { findings: [], refusals: [] }
}

/** Adds a warning, once for each thing said. */
export function warn(report: Report, code: string, message: string, pointer: string): void {
  if (!report.findings.some((f) => f.code === code && f.message === message))
    report.findings.push({ severity: 'warning', code, message, pointer })
}
