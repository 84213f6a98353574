import { expect, test } from '@jest/globals'
import { AggregatorRegistry, Histogram, Registry } from 'prom-client'
import { createHistogram } from '../../../gateway/tally.ts'

const shape = { name: 'call_seconds', help: 'How long calls take.', buckets: [0.1, 0.5, 2] }
const values = [0.05, 0.1, 0.3, 0.5, 1, 7]

test('prints what a histogram of prom-client prints, added up over threads', async () => {
  const ours = () => {
    const registry = new Registry()
    const histogram = createHistogram<'api'>(shape, registry)
    for (const api of ['a', 'b']) {
      const tally = histogram.tallyOf({ api })
      for (const value of values) tally.observe(value)
    }
    return registry
  }
  const theirs = () => {
    const registry = new Registry()
    const histogram = new Histogram({ ...shape, labelNames: ['api'], registers: [registry] })
    for (const api of ['a', 'b']) for (const value of values) histogram.observe({ api }, value)
    return registry
  }
  const textOf = async (thread: () => Registry) => {
    const threads = await Promise.all([thread(), thread()].map((registry) => registry.getMetricsAsJSON()))
    return AggregatorRegistry.aggregate(threads).metrics()
  }
  const text = await textOf(ours)
  expect(text).toBe(await textOf(theirs))
  expect(text).toContain('call_seconds_bucket{le="0.5",api="a"} 8')
})

test('shows nothing before the first observation, and each set of labels by itself', async () => {
  const registry = new Registry()
  const histogram = createHistogram<'api'>(shape, registry)
  expect((await registry.getMetricsAsJSON())[0]).toMatchObject({ values: [] })
  histogram.tallyOf({ api: 'a' }).observe(3)
  histogram.tallyOf({ api: 'b' })
  const [{ values: shown }] = (await registry.getMetricsAsJSON()) as unknown as [
    { values: { metricName: string; labels: { api: string }; value: number }[] },
  ]
  const counts = shown.filter((v) => v.metricName === 'call_seconds_count')
  expect(counts.map((v) => [v.labels.api, v.value])).toEqual([
    ['a', 1],
    ['b', 0],
  ])
})
