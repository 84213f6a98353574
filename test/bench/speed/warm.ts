import type { Contestant, Shape } from './contestants.ts'
import { drive } from './wrk.ts'

/**
 * V8 compiles hot code again and again until it has seen some ten thousand calls: our gateway took 90 µs a call in its
 * first eight seconds and 57 after. So a process counts as warm by the calls it served, not by the time it ran.
 */
export const warmCalls = 100_000

export interface Warmed {
  readonly names: string
  readonly calls: number
  /** Whether the time ran out before the calls were served. */
  readonly isShort: boolean
}

/**
 * Lets every process serve so many calls, over all its variants and shapes in turn, at most so long. All at once: what is
 * slow gets the time that it needs, and no figure is taken meanwhile.
 */
export function warmAll(
  contestants: readonly Contestant[],
  shapes: readonly Shape[],
  withinMs: number,
): Promise<Warmed[]> {
  const byProcess = Map.groupBy(contestants, ({ pid }) => pid)
  return Promise.all([...byProcess.values()].map((variants) => warm(variants, shapes, withinMs)))
}

async function warm(
  variants: readonly Contestant[],
  shapes: readonly Shape[],
  withinMs: number,
): Promise<Warmed> {
  const loads = variants.flatMap(({ base, headers }) =>
    shapes.map(({ path, method, body }) => ({ url: base + path, method, headers, body })),
  )
  const until = performance.now() + withinMs
  let calls = 0
  for (let i = 0; calls < warmCalls && performance.now() < until; i++)
    calls += (await drive({ ...loads[i % loads.length]!, connections: 32, seconds: 1 })).requests
  return { names: variants.map(({ name }) => name).join('; '), calls, isShort: calls < warmCalls }
}
