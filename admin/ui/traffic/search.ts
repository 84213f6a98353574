export const ranges = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
export type Range = (typeof ranges)[number]

/** What the address says of the numbers that are shown. */
export interface TrafficSearch {
  readonly range?: Range
  /** What a line stands for. */
  readonly by?: string
  /** ms since the epoch; both or none. */
  readonly from?: number
  readonly to?: number
}
