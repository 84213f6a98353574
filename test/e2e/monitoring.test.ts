import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import { problems } from '../../registry/base/problem.ts'
import { type AdminProcess, startAdmin } from '../support/admin-process.ts'
import { startCollector } from '../support/collector.ts'
import { startHeldService } from '../support/held-service.ts'
import { callOnce } from '../support/load.ts'
import { type publishDemo, tester } from '../support/platform.ts'
import { readQuery, readSeries } from '../support/promql.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'
import { openWire } from '../support/wire.ts'

/** The dashboard and the alert rules in docs/operations, checked against what a gateway and an admin service say. */

interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
}
interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const read = (name: string) => readFileSync(`docs/operations/${name}`, 'utf8')
const { groups } = load(read('alerts.yml')) as { groups: { name: string; rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const alerts = rules.filter((rule) => rule.alert !== undefined)
const recorded = new Set(rules.flatMap((rule) => rule.record ?? []))
const dashboard = JSON.parse(read('grafana/gateway.json')) as {
  panels: Panel[]
  templating: { list: { name: string; definition?: string }[] }
  annotations: { list: { expr: string }[] }
}
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** Set by Prometheus where it scrapes. */
const scraped = ['job', 'instance']
let known: Map<string, Set<string>>
let stage: Stage
let admin: AdminProcess

beforeAll(async () => {
  const collector = await startCollector()
  const tls = await tlsFolder()
  stage = await startStage({
    ...tls.env,
    GATEWAY_TRACE_ENDPOINT: collector.url,
    GATEWAY_TRACE_SAMPLE_RATIO: '1',
  })
  stage.keep(collector)
  const { platform, gateway } = stage
  const made = await createAdminToken(platform.registry, tester, {
    title: 'test',
    permissions: ['read'],
    expiresAt: null,
  })
  admin = await startAdmin({ ...platform.env })
  const bank = stage.keep(await upstream().answers(200))
  const limit = { 'rate-limit': { limit: 1, windowSeconds: 60 } }
  await refusedByLimit('limited', bank.url, limit)
  await refusedByLimit('observed', bank.url, { 'rate-limit': { ...limit['rate-limit'], mode: 'observe' } })
  await waitsForRoom()
  const wire = stage.keep(openWire(gateway.port))
  wire.say('this is no request\r\n\r\n')
  await wire.ends()
  await callOnce(`${admin.url}/api/partners`, { headers: { authorization: 'Bearer wrong' } })
  const authorization = `Bearer ${made.secret}`
  await callOnce(`${admin.url}/api/partners`, { headers: { authorization } })
  known = await until(
    async () => {
      const ofAdmin = await callOnce(`${admin.url}/metrics`, { headers: { authorization } })
      const series = readSeries(`${await gateway.metrics()}\n${ofAdmin.body}`)
      return series.has('gateway_trace_spans_total') && series.has('admin_requests_total')
        ? series
        : undefined
    },
    { timeoutMs: 20_000 },
  )
  known.set('up', new Set())
  for (const name of recorded) known.set(name, new Set())
}, 90_000)
afterAll(async () => {
  await admin?.kill()
  await stage?.close()
})

async function refusedByLimit(
  name: string,
  url: string,
  policies: NonNullable<Parameters<typeof publishDemo>[1]['policies']>,
) {
  const api = await stage.api(name, { targets: [{ url }], policies })
  for (let i = 0; i < 2; i++) await callOnce(`${api.url}/files`, { headers: { 'x-api-key': api.key } })
}

/** One call of two waits until the other is through. */
async function waitsForRoom() {
  const service = stage.keep(await startHeldService())
  const upstream = { queue: { maxWaiting: 1, maxWaitMs: 60_000 } }
  const api = await stage.api('full', { targets: [{ url: service.url, maxConnections: 1 }], upstream })
  const ask = () => callOnce(`${api.url}/files`, { headers: { 'x-api-key': api.key } })
  const calls = [ask(), ask()]
  const first = await service.next()
  await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) === 1)
  first.answer()
  ;(await service.next()).answer()
  await Promise.all(calls)
}

/** What an expression names that nobody says. */
function unknownIn(expression: string): string[] {
  const { selectors, labels } = readQuery(expression)
  const strange = selectors.flatMap(({ metric, matchers }) => {
    const own = known.get(metric)
    if (!own) return [metric]
    return matchers.flatMap(({ label }) =>
      own.has(label) || scraped.includes(label) ? [] : [`${metric}{${label}}`],
    )
  })
  const has = (label: string) =>
    scraped.includes(label) || selectors.some(({ metric }) => known.get(metric)?.has(label))
  return [...strange, ...labels.filter((label) => !has(label)).map((label) => `by (${label})`)]
}

/** Values of `problem` and `code` that are compared with whole words. */
function strangeProblems(expression: string): string[] {
  const matchers = readQuery(expression).selectors.flatMap((selector) => selector.matchers)
  return matchers
    .filter(({ label }) => label === 'problem')
    .flatMap(({ value }) => value.split('|'))
    .filter((code) => code !== '' && code !== 'caller-gone' && !(code in problems))
}

test('a check that could not fail would find these, too', () => {
  expect(
    unknownIn('sum by (api, color) (rate(gateway_requests_total{stat="1"}[5m])) / nothing_total'),
  ).toEqual(['gateway_requests_total{stat}', 'nothing_total', 'by (color)'])
  expect(strangeProblems('a{problem=~"internal|infernal"}')).toEqual(['infernal'])
  expect(() => readQuery('sum by (rate(a[5m]))')).toThrow('not PromQL')
})

describe('the alert rules', () => {
  test.each(rules.map((rule) => [rule.alert ?? rule.record!, rule] as const))('%s', (_, rule) => {
    expect(unknownIn(rule.expr)).toEqual([])
    expect(strangeProblems(rule.expr)).toEqual([])
  })

  test('each alert says how urgent it is, what happened, and where the runbook has a section on it', () => {
    const sections = [...read('alerts.md').matchAll(/^### (\w+)$/gm)].map(([, title]) => title!)
    for (const { alert, labels, annotations } of alerts) {
      expect(['page', 'ticket']).toContain(labels?.severity)
      expect(annotations?.summary).toBeTruthy()
      expect(annotations?.runbook).toBe(`docs/operations/alerts.md#${alert!.toLowerCase()}`)
    }
    expect(sections).toEqual(alerts.map(({ alert }) => alert))
  })

  test('names are given once', () => {
    const names = rules.map(({ alert, record }) => alert ?? record)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('the dashboard', () => {
  test.each(panels.map((panel) => [panel.title, panel] as const))('%s', (_, { targets }) => {
    expect(targets!.length).toBeGreaterThan(0)
    for (const { expr, legendFormat } of targets!) {
      expect(unknownIn(expr)).toEqual([])
      expect(strangeProblems(expr)).toEqual([])
      // A legend can only show labels that the expression keeps.
      const { selectors, labels } = readQuery(expr)
      const kept = /\b(by|count_values)\b/.test(expr)
        ? labels
        : [...scraped, ...selectors.flatMap(({ metric }) => [...known.get(metric)!])]
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(kept).toContain(label)
    }
  })

  test('its variables and annotations name what is there', () => {
    const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? [])
    expect(definitions.length).toBeGreaterThan(0)
    for (const definition of definitions) {
      const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition)!
      expect([...scraped, ...known.get(metric!)!]).toContain(label)
    }
    for (const { expr } of dashboard.annotations.list) expect(unknownIn(expr)).toEqual([])
  })

  test('no two panels share an id or lie upon each other', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})
