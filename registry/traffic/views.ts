import { createHash } from 'node:crypto'

/** By what calls are told apart. All are ids, but for `operation` (within its version) and `target` (its upstream). */
export const dimensions = [
  'api',
  'version',
  'operation',
  'partner',
  'application',
  'credential',
  'upstream',
  'target',
  'gateway',
] as const
export type Dimension = (typeof dimensions)[number]

/** What the counts of one series are of. `''`: not known, as of a call that was refused before it was known. */
export type SeriesKey = Readonly<Record<Dimension, string>> & { readonly environment: string }

export interface View {
  /** Part of keys. */
  readonly name: string
  readonly keeps: readonly Dimension[]
  /** Where each partner has keys of its own, so that its calls are read without those of all others. */
  readonly byPartner?: true
}

/**
 * Each call is counted once in every view. All dimensions in one would be a product without bounds; each view holds what
 * is asked for together, and from the coarsest that has them all a question is answered.
 */
export const views: readonly View[] = [
  { name: 'g', keeps: ['gateway'] },
  { name: 'v', keeps: ['api', 'version'] },
  { name: 't', keeps: ['api', 'version', 'upstream', 'target'] },
  { name: 'o', keeps: ['api', 'version', 'operation'] },
  { name: 'c', keeps: ['api', 'version', 'partner', 'application', 'credential'] },
  {
    name: 'p',
    keeps: ['api', 'version', 'operation', 'partner', 'application', 'credential'],
    byPartner: true,
  },
]

/** The coarsest view that tells all of them apart; undefined: no view does. @param partner whose calls alone are asked for */
export const viewFor = (wanted: readonly Dimension[], partner: string | undefined): View | undefined =>
  views.find(
    ({ keeps, byPartner }) =>
      wanted.every((dimension) => keeps.includes(dimension)) && (!byPartner || partner !== undefined),
  )

export interface Tier {
  readonly stepMs: number
  readonly keptMs: number
}
const day = 86_400_000
/** Finest first. */
export const tiers: readonly Tier[] = [
  { stepMs: 1_000, keptMs: 900_000 },
  { stepMs: 10_000, keptMs: 21_600_000 },
  { stepMs: 60_000, keptMs: 14 * day },
  { stepMs: 3_600_000, keptMs: 400 * day },
]

/** Names of series are kept by months of 30 days, so that those nobody needs any more go by themselves. */
export const namesPeriodMs = 30 * day

const fields = ['environment', ...dimensions] as const

/** The part of a series' key that a view tells apart, as it is kept: short, and without what is empty. */
export function seriesName(view: View, key: SeriesKey): string {
  const kept: Record<string, string> = {}
  for (const field of fields)
    if ((field === 'environment' || view.keeps.includes(field)) && key[field] !== '') kept[field] = key[field]
  return JSON.stringify(kept)
}

export function readSeriesName(name: string): SeriesKey {
  const kept = JSON.parse(name) as Partial<Record<string, string>>
  return Object.fromEntries(fields.map((field) => [field, kept[field] ?? ''])) as unknown as SeriesKey
}

/** What stands for a series' name wherever it is counted: names are long, and counts many. 66 bits. */
export const seriesId = (name: string): string =>
  createHash('sha256').update(name).digest('base64url').slice(0, 11)

/** The series that takes the counts of those for which there was no room. */
export const othersId = '-'
