import { parser } from '@prometheus-io/lezer-promql'

/** What a PromQL expression asks of the metrics. */
export interface Query {
  readonly selectors: readonly Selector[]
  /** Labels by which it groups, joins or that its functions name: each must be one of its selectors'. */
  readonly labels: readonly string[]
}

export interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
}

/** Reads an expression with Prometheus' own grammar. @throws Error where it is not PromQL */
export function readQuery(text: string): Query {
  // What Grafana puts in before it asks: durations become one of any length, other variables stay inside their quotes.
  const expression = text.replaceAll('$__rate_interval', '5m')
  const textOf = (node: { from: number; to: number }) => expression.slice(node.from, node.to)
  const selectors: Selector[] = []
  const labels: string[] = []
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${expression}`)
      if (node.name === 'GroupingLabels')
        labels.push(...node.node.getChildren('LabelName').map((label) => textOf(label)))
      if (node.name !== 'VectorSelector') return
      const matchers = node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
      selectors.push({
        metric: textOf(node.node.getChild('Identifier')!),
        matchers: matchers.map((matcher) => ({
          label: textOf(matcher.getChild('LabelName')!),
          operator: textOf(matcher.getChild('MatchOp')!),
          value: JSON.parse(textOf(matcher.getChild('StringLiteral')!)) as string,
        })),
      })
    },
  })
  return { selectors, labels }
}

/** Names of the series in what /metrics answers, each with its labels. A metric without a series is not among them. */
export function readSeries(exposition: string): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>()
  for (const line of exposition.split('\n')) {
    const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+/.exec(line)
    if (!found) continue
    const labels = series.get(found[1]!) ?? new Set()
    for (const [, label] of (found[2] ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"/g))
      labels.add(label!)
    series.set(found[1]!, labels)
  }
  return series
}
