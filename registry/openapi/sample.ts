import { resolve } from './refs.ts'
import { isTree, listAt, own, type Tree, textAt, treeAt } from './tree.ts'

/** Which of the properties are wanted: what a caller must send, or all that an answer may hold. */
export type Purpose = 'request' | 'response'

/** A text of which nothing is known but that it is one. */
export const unknownText = 'string'

const maxDepth = 5
const maxProperties = 40

/**
 * A value that fits a schema, as far as its words allow: its own example where it has one, else one by its type.
 * Of a request only what is required is made, of an answer all of it; loops and great depths end in `{}` or `[]`.
 */
export function sampleOf(root: Tree, schema: unknown, purpose: Purpose, depth = 0): unknown {
  const known = flat(root, schema)
  if (!known) return null
  const given = givenValue(known)
  if (given !== undefined) return given
  switch (typeOf(known)) {
    case 'object':
      return objectOf(root, known, purpose, depth)
    case 'array':
      return depth >= maxDepth ? [] : [sampleOf(root, own(known, 'items') ?? {}, purpose, depth + 1)]
    case 'string':
      return textFor(known)
    case 'integer':
    case 'number':
      return numberFor(known)
    case 'boolean':
      return true
    default:
      return null
  }
}

/** The schema through its references, with `allOf` and the first of `oneOf` or `anyOf` laid into it. */
function flat(root: Tree, written: unknown, hops = 0): Tree | undefined {
  if (hops > 12 || !isTree(written)) return undefined
  const ref = own(written, '$ref')
  if (typeof ref === 'string') {
    const { $ref: _, ...beside } = written
    return { ...flat(root, resolve(root, ref)?.value, hops + 1), ...beside }
  }
  const choices = [...listAt(written, 'oneOf'), ...listAt(written, 'anyOf')]
  const layers = [...listAt(written, 'allOf'), ...choices.filter(isNotNull).slice(0, 1)]
  return layers.reduce<Tree>((all, layer) => merged(flat(root, layer, hops + 1) ?? {}, all), written)
}

const isNotNull = (choice: unknown) => !(isTree(choice) && own(choice, 'type') === 'null')

function merged(under: Tree, over: Tree): Tree {
  return {
    ...under,
    ...over,
    properties: { ...treeAt(under, 'properties'), ...treeAt(over, 'properties') },
    required: [...listAt(under, 'required'), ...listAt(over, 'required')],
  }
}

function givenValue(schema: Tree): unknown {
  const [first] = listAt(schema, 'examples')
  const options = listAt(schema, 'enum')
  for (const value of [
    own(schema, 'example'),
    first,
    own(schema, 'const'),
    own(schema, 'default'),
    options[0],
  ])
    if (value !== undefined && value !== null) return value
  return undefined
}

function typeOf(schema: Tree): string {
  const type = own(schema, 'type')
  const first = Array.isArray(type) ? type.find((name) => name !== 'null') : type
  if (typeof first === 'string') return first
  if (Object.keys(treeAt(schema, 'properties')).length > 0 || own(schema, 'additionalProperties'))
    return 'object'
  return own(schema, 'items') === undefined ? (own(schema, 'x-cut') ? 'object' : '') : 'array'
}

function objectOf(root: Tree, schema: Tree, purpose: Purpose, depth: number): Tree {
  if (depth >= maxDepth) return {}
  const required = new Set(listAt(schema, 'required'))
  const hidden = purpose === 'request' ? 'readOnly' : 'writeOnly'
  const entries = Object.entries(treeAt(schema, 'properties'))
    .filter(([name]) => purpose === 'response' || required.has(name))
    .filter(([, child]) => !(isTree(child) && own(child, hidden) === true))
    .slice(0, maxProperties)
  const value: Tree = {}
  for (const [name, child] of entries) value[name] = sampleOf(root, child, purpose, depth + 1)
  return value
}

const byFormat: Record<string, string> = {
  'date-time': '2030-01-31T09:30:00Z',
  date: '2030-01-31',
  time: '09:30:00Z',
  duration: 'P1D',
  uuid: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
  email: 'name@example.com',
  uri: 'https://example.com',
  url: 'https://example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'dGV4dA==',
  password: 'secret',
}

function textFor(schema: Tree): string {
  const known = byFormat[textAt(schema, 'format')]
  if (known !== undefined) return known
  const least = Number(own(schema, 'minLength') ?? 0)
  const most = Number(own(schema, 'maxLength') ?? 100)
  return unknownText.padEnd(Math.min(least, 100), 'x').slice(0, Math.max(0, most))
}

function numberFor(schema: Tree): number {
  const bound = (name: string) => {
    const value = own(schema, name)
    return typeof value === 'number' ? value : undefined
  }
  const least =
    bound('minimum') ?? (bound('exclusiveMinimum') !== undefined ? bound('exclusiveMinimum')! + 1 : 1)
  const most = bound('maximum') ?? Number.POSITIVE_INFINITY
  const step = bound('multipleOf') ?? 1
  return Math.min(most, Math.ceil(least / step) * step)
}
