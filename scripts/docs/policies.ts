import { describePolicies } from '../../policies/index.ts'
import { code, generatedNote, table } from './markdown.ts'
import { fieldsOf, kindOf, type Schema } from './schema.ts'

export function policiesPage(): string {
  const policies = describePolicies()
  const overview = table(
    ['policy', 'what it does', 'runs'],
    policies.map(({ name, summary, isDefault }) => [
      `[${name}](#${name})`,
      summary,
      isDefault ? 'on every route' : 'where configured',
    ]),
  )
  return `${[
    generatedNote('the schemas in `policies/`'),
    '# Policies',
    'Behaviours attached to traffic, in the order they run. Config is set for the whole gateway, a plan, an API, a version or an operation; the nearest one wins whole. `null` switches an inherited policy off.',
    overview,
    ...policies.map(section),
  ].join('\n\n')}\n`
}

function section({ name, summary, schema }: ReturnType<typeof describePolicies>[number]): string {
  const fields = fieldsOf(schema as Schema)
  const rows = fields.map((field) => [
    code(field.name),
    kindOf(field.schema),
    field.isRequired && field.schema.default === undefined ? 'required' : defaultOf(field.schema),
    field.schema.description ?? '',
  ])
  const body =
    rows.length === 0 ? 'It has no settings: `{}`.' : table(['field', 'value', 'default', 'meaning'], rows)
  return `## ${name}\n\n${summary}\n\n${body}`
}

const defaultOf = (schema: Schema) => (schema.default === undefined ? '–' : code(schema.default))
