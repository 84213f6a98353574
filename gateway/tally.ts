import type { Metric, Registry } from 'prom-client'

/**
 * Histograms that cost an addition per observation. prom-client looks a value up by the text of its labels at every
 * call; here that is done once per set of labels, and prom-client adds up and prints what is read at a scrape.
 */
export interface Histogram<L extends string> {
  tallyOf(labels: Readonly<Record<L, string>>): Tally
}
export interface Tally {
  observe(value: number): void
}

export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
}

interface Counts {
  readonly labels: Readonly<Record<string, string>>
  /** By bucket, each for itself; the last is above all bounds. */
  readonly byBucket: Float64Array
  sum: number
}

export function createHistogram<L extends string>(
  { name, help, buckets }: HistogramOptions,
  registry: Registry,
): Histogram<L> {
  const all: Counts[] = []
  const head = { name, help, type: 'histogram', aggregator: 'sum' } as const
  const metric = { ...head, get: async () => ({ ...head, values: all.flatMap(valuesOf) }) }
  // What a registry asks of a metric is its name and its values; the types ask for one of prom-client's own classes.
  registry.registerMetric(metric as unknown as Metric)

  function valuesOf({ labels, byBucket, sum }: Counts) {
    let count = 0
    const cumulated = [...buckets, '+Inf'].map((le, i) => {
      count += byBucket[i]!
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count }
    })
    return [
      ...cumulated,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }

  return {
    tallyOf(labels) {
      const counts: Counts = { labels, byBucket: new Float64Array(buckets.length + 1), sum: 0 }
      all.push(counts)
      const { byBucket } = counts
      return {
        observe(value) {
          let i = 0
          while (i < buckets.length && value > buckets[i]!) i++
          byBucket[i]!++
          counts.sum += value
        },
      }
    },
  }
}
