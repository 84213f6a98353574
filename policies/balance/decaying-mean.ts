/**
 * A mean that forgets: what was measured t ago counts e^(-t/τ) of what is measured now. How much one sample counts
 * depends on the time since the one before, so a burst does not outweigh a minute.
 */

/** After so long a sample counts 37 %. */
const tauMs = 10_000

/** The mean with one more sample. */
export const blended = (mean: number, ageMs: number, sample: number): number =>
  sample + (mean - sample) * Math.exp(-ageMs / tauMs)

/** The mean as though a sample of 0 came now: of what is not measured any more it fades. */
export const faded = (mean: number, ageMs: number): number => blended(mean, ageMs, 0)
