import fc from 'fast-check'

/**
 * How long is fuzzed: some seconds with a fixed seed, so that `npm test` says the same twice; or as long as FUZZ_SECONDS
 * says, with a new seed each time. A failure names its seed and path: give them as FUZZ_SEED and FUZZ_PATH to see it again.
 */
const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_PATH } = process.env
export const fuzzMs = Number(FUZZ_SECONDS ?? 8) * 1_000
/** For the test around it: what was found is made smaller first. */
export const fuzzTimeoutMs = fuzzMs + 120_000

export async function fuzz<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>): Promise<void> {
  const seed = FUZZ_SEED ?? (FUZZ_SECONDS === undefined ? 1 : undefined)
  let last: Promise<void> | undefined
  const checked = (value: T) => {
    last = check(value)
    return last
  }
  await fc.assert(fc.asyncProperty(arbitrary, checked), {
    numRuns: 1_000_000,
    interruptAfterTimeLimit: fuzzMs,
    markInterruptAsFailure: false,
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
  })
  await last // the time was over in its midst: it counts, too, and must not run into what comes next
}
