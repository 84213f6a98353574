import type { Cells } from './tally.ts'

/** What is counted of an operation. */
export interface RouteTallies {
  readonly labels: Readonly<Record<RouteLabels, string>>
  readonly cells: Cells
  /** By method, status and problem. */
  readonly outcomes: Map<string, Outcome>
  /** That of the call before: most are alike. */
  last: { asked: string; status: number; problem: string; outcome: Outcome } | undefined
}

export interface Outcome {
  readonly labels: Readonly<Record<RouteLabels | 'method' | 'status' | 'problem', string>>
  /** Since the last scrape. */
  count: number
}

export const routeLabels = ['api', 'version', 'operation'] as const
export type RouteLabels = (typeof routeLabels)[number]
