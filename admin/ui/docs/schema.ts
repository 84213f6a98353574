/** Reading schemas of OpenAPI for people. Pure: what is not here yet is asked for by who draws. */

export type Schema = { readonly [key: string]: unknown }

export interface Components {
  readonly [kind: string]: { readonly [name: string]: unknown }
}

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const at = (schema: Schema, key: string): Schema => {
  const value = Object.hasOwn(schema, key) ? schema[key] : undefined
  return isSchema(value) ? value : {}
}
export const listOf = (schema: Schema, key: string): readonly unknown[] => {
  const value = schema[key]
  return Array.isArray(value) ? value : []
}
export const textOf = (schema: Schema, key: string): string => {
  const value = schema[key]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** A schema with its references followed. `cut`: the name of the part that must be asked for first. */
export interface Resolved {
  readonly schema: Schema
  /** Name of the schema where it has one. */
  readonly name: string
  readonly cut?: string
}

const decode = (text: string) => decodeURIComponent(text).replaceAll('~1', '/').replaceAll('~0', '~')

/** Follows `$ref` inside of `components`. What leads nowhere is an empty schema with its name. */
export function resolve(components: Components, written: unknown, hops = 0): Resolved {
  if (!isSchema(written)) return { schema: {}, name: '' }
  const ref = written.$ref
  if (typeof ref !== 'string') return { schema: written, name: '' }
  const [kind, name] = ref.startsWith('#/components/') ? ref.slice(13).split('/') : []
  if (kind === undefined || name === undefined || hops > 12) return { schema: {}, name: ref }
  const target = components[decode(kind)]?.[decode(name)]
  const shown = decode(name)
  if (!isSchema(target)) return { schema: {}, name: shown }
  if (target['x-cut'] === true) return { schema: {}, name: shown, cut: `${kind}/${name}` }
  const through = resolve(components, target, hops + 1)
  const { $ref: _, ...beside } = written
  return { ...through, schema: { ...through.schema, ...beside }, name: shown }
}

/** With `allOf` laid into one. A part of it that was cut is told. */
export function merged(components: Components, written: unknown, hops = 0): Resolved {
  const found = resolve(components, written)
  if (found.cut !== undefined || hops > 12) return found
  let cut: string | undefined
  let { schema } = found
  for (const layer of listOf(schema, 'allOf')) {
    const under = merged(components, layer, hops + 1)
    cut ??= under.cut
    schema = {
      ...under.schema,
      ...schema,
      properties: { ...at(under.schema, 'properties'), ...at(schema, 'properties') },
      required: [...listOf(under.schema, 'required'), ...listOf(schema, 'required')],
    }
  }
  return { schema, name: found.name, ...(cut !== undefined && { cut }) }
}

export interface Property {
  readonly name: string
  readonly schema: unknown
  readonly isRequired: boolean
  /** Whether the name is any that a caller likes. */
  readonly isAny?: boolean
}

/** What stands below a schema: properties of an object or of the items of a list. */
export function propertiesOf(schema: Schema): Property[] {
  const required = new Set(listOf(schema, 'required'))
  const named = Object.entries(at(schema, 'properties')).map(([name, child]) => ({
    name,
    schema: child,
    isRequired: required.has(name),
  }))
  const more = schema.additionalProperties
  return isSchema(more) && Object.keys(more).length > 0
    ? [...named, { name: '*', schema: more, isRequired: false, isAny: true }]
    : named
}

export const variantsOf = (schema: Schema): readonly unknown[] =>
  [...listOf(schema, 'oneOf'), ...listOf(schema, 'anyOf')].filter(
    (variant) => !(isSchema(variant) && variant.type === 'null'),
  )

/** `string · date-time`, `list of Payment`; '' where nothing is known. */
export function typeOf(components: Components, written: unknown): string {
  const { schema, name } = merged(components, written)
  const types = typesOf(schema)
  if (types.includes('array')) return `${typeOf(components, schema.items) || 'any'}[]`
  const format = textOf(schema, 'format')
  const shown = types.length > 0 ? types.join(' | ') : name || (variantsOf(schema).length > 0 ? 'one of' : '')
  return name && shown === 'object' ? name : format ? `${shown} · ${format}` : shown
}

function typesOf(schema: Schema): string[] {
  const { type } = schema
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type.filter((one) => one !== 'null').map(String)
  if (Object.keys(at(schema, 'properties')).length > 0) return ['object']
  if (schema.items !== undefined) return ['array']
  const [choice] = choicesOf(schema)
  return choice === undefined ? [] : [choice === null ? 'null' : typeof choice]
}

/** All values that there are, where the document knows them. */
export const choicesOf = (schema: Schema): readonly unknown[] =>
  schema.const === undefined ? listOf(schema, 'enum') : [schema.const]

export const isNullable = ({ type, nullable, oneOf, anyOf }: Schema): boolean =>
  nullable === true ||
  (Array.isArray(type) && type.includes('null')) ||
  [oneOf, anyOf].some(
    (list) => Array.isArray(list) && list.some((one) => isSchema(one) && one.type === 'null'),
  )

/** The items of a list, of a list of lists too; any other schema itself. */
export function innermost(components: Components, written: unknown, hops = 0): Resolved {
  const found = merged(components, written)
  if (found.cut !== undefined || hops > 5 || !typesOf(found.schema).includes('array')) return found
  return innermost(components, found.schema.items, hops + 1)
}

export interface Bound {
  /** `1 – 35`, `≥ 1`, or an expression. */
  readonly range: string
  /** What is counted; undefined: nothing, it is the value itself. */
  readonly of?: 'characters' | 'items'
}

/** How long, how many, how much. */
export function boundsOf(schema: Schema): Bound[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = schema
  return [
    ...range(minimum, maximum).map((range) => ({ range })),
    ...range(minLength, maxLength).map((range) => ({ range, of: 'characters' as const })),
    ...range(minItems, maxItems).map((range) => ({ range, of: 'items' as const })),
    ...(typeof pattern === 'string' ? [{ range: `/${pattern}/` }] : []),
  ]
}

function range(least: unknown, most: unknown): string[] {
  if (least === undefined && most === undefined) return []
  if (least === undefined) return [`≤ ${most}`]
  return [most === undefined ? `≥ ${least}` : `${least} – ${most}`]
}
