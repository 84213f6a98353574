import { NativeSelect, TextInput } from '@mantine/core'
import type { Parameter } from './call.ts'
import { type Components, choicesOf, merged, typeOf } from './schema.ts'

interface ParameterFieldProps {
  readonly parameter: Parameter
  readonly components: unknown
  readonly value: string
  readonly onChange: (value: string) => void
  readonly error?: string | undefined
}

/** One parameter to fill in. Where the document knows all values, they are there to choose from. */
export function ParameterField({ parameter, components, value, onChange, error }: ParameterFieldProps) {
  const known = components as Components
  const { schema } = merged(known, parameter.schema)
  const type = typeOf(known, parameter.schema)
  const choices = type === 'boolean' ? ['true', 'false'] : choicesOf(schema).map(String)
  const shared = {
    size: 'sm',
    label: parameter.name,
    withAsterisk: parameter.isRequired,
    value,
    error,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  } as const
  if (choices.length > 0) return <NativeSelect {...shared} data={[{ value: '', label: '–' }, ...choices]} />
  return <TextInput {...shared} placeholder={type} autoComplete="off" spellCheck={false} />
}
