import { problem } from '../base/problem.ts'
import { type Dimension, dimensions, type Tier, tiers, type View, viewFor } from './views.ts'

export type TrafficFilter = Readonly<Partial<Record<Dimension | 'environment', string>>>

export interface TrafficQuery {
  /** ms since the epoch */
  readonly fromMs: number
  readonly toMs: number
  readonly filter: TrafficFilter
  /** Absent: all calls in one series. */
  readonly groupBy?: Dimension | 'status' | undefined
  /** Most series; those with the fewest calls beyond it are added up. */
  readonly limit?: number
}

/** The steps that answer a question. All times are multiples of the step. */
export interface Plan {
  readonly tier: Tier
  /** Of the answer: one or more steps of the tier. */
  readonly stepMs: number
  readonly fromMs: number
  /** After the last step, which may not be over yet. */
  readonly toMs: number
}

/** Fewer points make no line, more no better one. */
const fewestPoints = 120
const mostPoints = 900

/** The coarsest ring with enough points for a line, of those that still have the beginning. */
export function planSteps(fromMs: number, toMs: number, nowMs: number): Plan {
  const end = Math.min(toMs, nowMs)
  const length = Math.max(end - fromMs, tiers[0]!.stepMs)
  const kept = tiers.filter(({ keptMs }) => fromMs >= nowMs - keptMs - 5_000)
  const usable = kept.length > 0 ? kept : [tiers.at(-1)!]
  const tier = usable.findLast(({ stepMs }) => length / stepMs >= fewestPoints) ?? usable[0]!
  const begin = Math.max(fromMs, nowMs - tier.keptMs)
  const stepMs = Math.ceil((end - begin) / tier.stepMs / mostPoints) * tier.stepMs || tier.stepMs
  const first = Math.floor(begin / stepMs) * stepMs
  // Seconds and tens of seconds are there whole or not yet; of longer ones the part that is there is shown.
  const isWhole = tier.stepMs < 60_000
  const last = isWhole ? Math.floor(end / stepMs) * stepMs : Math.ceil(end / stepMs) * stepMs
  return { tier, stepMs, fromMs: first, toMs: Math.max(last, first) }
}

/** @throws Problem input-invalid when no view tells these dimensions apart */
export function planView({ filter, groupBy }: Pick<TrafficQuery, 'filter' | 'groupBy'>): View {
  const wanted = dimensions.filter((dimension) => filter[dimension] !== undefined || groupBy === dimension)
  const view = viewFor(wanted, filter.partner)
  if (view) return view
  throw problem('input-invalid', {
    detail: `Calls are not counted by ${wanted.join(', ')} together. Leave one out; with partner and operation, name the partner.`,
  })
}
