import type { Metric, Registry } from 'prom-client'

/**
 * Histograms that cost an addition per observation. prom-client looks a value up by the text of its labels at every
 * call; here that is done once per set of labels, and prom-client adds up and prints what is read at a scrape.
 *
 * Those that share their labels share one array for each set of them: with 10,000 operations the counts of the next call
 * are in no cache of the processor, and each object on the way to them is a read of memory.
 */
export interface Histograms<L extends string> {
  cellsOf(labels: Readonly<Record<L, string>>): Cells
  /** @param which place of the histogram in the list */
  observe(cells: Cells, which: number, value: number): void
}
/** The sums of all histograms, then the buckets of the first, of the second … Each bucket counts for itself. */
export type Cells = Float64Array

export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
}

interface Counts {
  readonly labels: Readonly<Record<string, string>>
  readonly cells: Cells
}

export function createHistograms<L extends string>(
  histograms: readonly HistogramOptions[],
  registry: Registry,
): Histograms<L> {
  const all: Counts[] = []
  const bounds = histograms.map(({ buckets }) => buckets)
  const starts: number[] = []
  let length = histograms.length
  for (const [which, { name, help, buckets }] of histograms.entries()) {
    starts.push(length)
    length += buckets.length + 1 // the last is above all bounds
    const head = { name, help, type: 'histogram', aggregator: 'sum' } as const
    const metric = {
      ...head,
      get: async () => ({ ...head, values: all.flatMap((one) => valuesOf(one, which)) }),
    }
    // What a registry asks of a metric is its name and its values; the types ask for one of prom-client's own classes.
    registry.registerMetric(metric as unknown as Metric)
  }

  function valuesOf({ labels, cells }: Counts, which: number) {
    const { name, buckets } = histograms[which]!
    let count = 0
    const cumulated = [...buckets, '+Inf'].map((le, i) => {
      count += cells[starts[which]! + i]!
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count }
    })
    return [
      ...cumulated,
      { metricName: `${name}_sum`, labels, value: cells[which]! },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }

  return {
    cellsOf(labels) {
      const cells = new Float64Array(length)
      all.push({ labels, cells })
      return cells
    },
    observe(cells, which, value) {
      const buckets = bounds[which]!
      let i = 0
      while (i < buckets.length && value > buckets[i]!) i++
      cells[starts[which]! + i]!++
      cells[which]! += value
    },
  }
}
