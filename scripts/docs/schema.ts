import { code } from './markdown.ts'

/** The part of JSON Schema (2020-12) that our zod schemas turn into. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** What may be written there, in a few words: `integer 1 to 64`, `list of text`. */
export function kindOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum) return schema.enum.map(code).join(', ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return choices.map(kindOf).join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? kindOf(schema.items) : 'anything'}`
  if (schema.type === 'object') return 'object'
  if (schema.type === 'string') return schema.format === 'uri' ? 'URL' : 'text'
  if (schema.type === 'boolean') return '`true` or `false`'
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${rangeOf(schema)}`
  return schema.type ?? 'text'
}

function rangeOf({ minimum, maximum }: Schema): string {
  const top = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum
  const bottom = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum
  if (bottom !== undefined && top !== undefined) return ` ${bottom} to ${top}`
  if (bottom !== undefined) return `, at least ${bottom}`
  return top === undefined ? '' : `, at most ${top}`
}

export interface Field {
  /** Dotted, e.g. `request.set`. */
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
}

/** All fields of an object schema, those of objects inside it after it. */
export function fieldsOf(schema: Schema, within = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = within + key
    const isRequired = schema.required?.includes(key) ?? false
    return [{ name, schema: field, isRequired }, ...fieldsOf(field, `${name}.`)]
  })
}
