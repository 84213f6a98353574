import { problems } from '../../registry/base/problem.ts'
import { code, generatedNote, table } from './markdown.ts'

const sources = {
  downstream: 'the caller',
  gateway: 'the platform',
  upstream: 'the payment service',
} as const

export function problemsPage(): string {
  const rows = Object.entries(problems).map(([name, row]) => [
    code(name),
    String(row.status),
    row.title,
    sources[row.source],
    row.retryable ? 'yes' : 'no',
  ])
  return `${[
    generatedNote('`registry/base/problem.ts`'),
    '# Problems',
    'Every refusal is `application/problem+json` (RFC 9457) with a `code` from this table. Programs decide by `code`; codes are never renamed. `instance` names the request: quote it when you ask for help. `errors`, where present, lists single faults by JSON pointer.',
    'The token endpoint answers in the form of RFC 6749 §5.2 instead.',
    table(['code', 'status', 'title', 'whose doing', 'may succeed later'], rows),
  ].join('\n\n')}\n`
}
