import { expect, test } from '@jest/globals'
import { AggregatorRegistry, Histogram, Registry } from 'prom-client'
import { createHistograms } from '../../../gateway/tally.ts'

const shape = { name: 'call_seconds', help: 'How long calls take.', buckets: [0.1, 0.5, 2] }
const other = { name: 'wait_seconds', help: 'How long calls wait.', buckets: [0.3] }
const values = [0.05, 0.1, 0.3, 0.5, 1, 7]

test('prints what a histogram of prom-client prints, added up over threads', async () => {
  const ours = () => {
    const registry = new Registry()
    const histograms = createHistograms<'api'>([shape, other], registry)
    for (const api of ['a', 'b']) {
      const cells = histograms.cellsOf({ api })
      for (const value of values) histograms.observe(cells, 0, value)
      histograms.observe(cells, 1, 0.2)
    }
    return registry
  }
  const theirs = () => {
    const registry = new Registry()
    const registers = [registry]
    const calls = new Histogram({ ...shape, labelNames: ['api'], registers })
    const waits = new Histogram({ ...other, labelNames: ['api'], registers })
    for (const api of ['a', 'b']) {
      for (const value of values) calls.observe({ api }, value)
      waits.observe({ api }, 0.2)
    }
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
  const histograms = createHistograms<'api'>([shape], registry)
  expect((await registry.getMetricsAsJSON())[0]).toMatchObject({ values: [] })
  histograms.observe(histograms.cellsOf({ api: 'a' }), 0, 3)
  histograms.cellsOf({ api: 'b' })
  const [{ values: shown }] = (await registry.getMetricsAsJSON()) as unknown as [
    { values: { metricName: string; labels: { api: string }; value: number }[] },
  ]
  const counts = shown.filter((v) => v.metricName === 'call_seconds_count')
  expect(counts.map((v) => [v.labels.api, v.value])).toEqual([
    ['a', 1],
    ['b', 0],
  ])
})
