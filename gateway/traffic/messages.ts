import type { SampledCall } from './call-sample.ts'
import type { CountedSeries } from './counts.ts'

/** What a thread tells the main thread each second. */
export interface ThreadTraffic {
  /** End of the second, in ms since the epoch. */
  readonly endMs: number
  readonly series: readonly CountedSeries[]
  readonly calls: readonly SampledCall[]
  /** Calls being served. */
  readonly inFlight: number
}
