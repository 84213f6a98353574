/** How slow a partner may be, with what it sends and with what it takes. */
export interface Pace {
  /** Longest silence. */
  readonly idleMs: number
  /** Who is slower on the average, or silent, uses that time up bit by bit. 0: every byte begins it anew. */
  readonly leastBytesPerSecond: number
}

/**
 * The time that a partner has left: that of the longest silence at the beginning. What it waits is taken off, and each
 * byte gives back what it may take by the least rate, though never more than there was. So a byte now and then does not
 * hold a connection, and bytes that came fast in the beginning do not pay for a silence later.
 */
export function patienceLeft(
  leftMs: number,
  waitedMs: number,
  bytes: number,
  { idleMs, leastBytesPerSecond }: Pace,
): number {
  if (bytes === 0) return leftMs - waitedMs
  const earnedMs = leastBytesPerSecond === 0 ? idleMs : (bytes * 1_000) / leastBytesPerSecond
  return Math.min(idleMs, Math.max(0, leftMs - waitedMs) + earnedMs)
}
