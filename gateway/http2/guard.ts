/**
 * What one connection may do that costs us more than it costs the caller. Beyond these the connection ends; a caller that
 * gives up calls as people do, or measures its line by PING, stays far below.
 */
export const limits = {
  /** Calls that are reset, by the caller or for a fault of its own (CVE-2023-44487, CVE-2025-8671). */
  resets: { burst: 200, perSecond: 20 },
  /** PING and SETTINGS, each of which is answered (CVE-2019-9512, CVE-2019-9515). */
  controls: { burst: 1_000, perSecond: 100 },
} as const

/** @returns takes one; false when there is none left */
export function allowance(
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
  now: () => number = () => performance.now(),
): () => boolean {
  let left = burst
  let at = now()
  return () => {
    const later = now()
    left = Math.min(burst, left + ((later - at) / 1_000) * perSecond)
    at = later
    if (left < 1) return false
    left--
    return true
  }
}
