import type { Operation } from '../model.ts'
import { operationsOf, type PathItem, pathItems, type WrittenOperation } from './paths.ts'
import { named, resolve, samples } from './refs.ts'
import { isTree, listAt, own, segmentsOf, type Tree, textAt } from './tree.ts'

/**
 * A document in pieces, each of them JSON text. From them a page about one operation is put together without reading
 * the document again, which may have megabytes.
 */
export interface Pieces {
  /** `{openapi, info, tags, externalDocs}` */
  readonly head: string
  /** By the operation's id. Parameters of the path are among its own. */
  readonly operations: ReadonlyMap<string, string>
  /** What operations refer to, by the pointer below `/components/`, e.g. `schemas/Payment`. */
  readonly parts: ReadonlyMap<string, string>
}

/** Splits a document of OpenAPI 3. References that lead nowhere, or out of the document, stay as they are. */
export function splitDocument(root: Tree, operations: readonly Operation[]): Pieces {
  const parts = new Map<string, string>()
  const wanted = new Map<string, unknown>()

  /** The name under which the target of a reference is kept. */
  function nameOf(ref: string): string | undefined {
    const target = resolve(root, ref)
    if (!target) return undefined
    const [first, kind, name, ...deeper] = segmentsOf(target.pointer)
    const isComponent = first === 'components' && kind !== undefined && name !== undefined
    // A place in the middle of something gets a name of its own: the something need not come along.
    const key =
      isComponent && deeper.length === 0
        ? target.pointer.slice('/components/'.length)
        : `schemas/${target.pointer.slice(1).replace(/[^\w.-]+/g, '_')}`
    if (!parts.has(key)) wanted.set(key, target.value)
    return key
  }

  const textOf = (value: unknown) => JSON.stringify(withNames(value, nameOf))
  const ids = new Map(operations.map((o) => [`${o.method} ${o.path}`, o.id]))
  const texts = new Map<string, string>()
  for (const item of pathItems(root))
    for (const written of operationsOf(item)) {
      const id = ids.get(`${written.method} ${item.path}`)
      if (id !== undefined) texts.set(id, textOf(complete(root, item, written)))
    }
  for (const [key, value] of wanted) {
    wanted.delete(key)
    if (!parts.has(key)) parts.set(key, textOf(value))
  }
  const { openapi, info, tags, externalDocs } = root
  return { head: JSON.stringify({ openapi, info, tags, externalDocs }), operations: texts, parts }
}

/** The operation with the parameters of its path; without servers and security, which are the gateway's. */
function complete(root: Tree, { layers }: PathItem, { tree }: WrittenOperation): Tree {
  const ownKeys = new Set(listAt(tree, 'parameters').map((p) => keyOf(root, p)))
  const shared = layers.flatMap((layer) => listAt(layer.tree, 'parameters'))
  const { servers: _, security: __, ...rest } = tree
  const parameters = [...shared.filter((p) => !ownKeys.has(keyOf(root, p))), ...listAt(tree, 'parameters')]
  return parameters.length > 0 ? { ...rest, parameters } : rest
}

/** Two parameters are the same when both agree (OpenAPI 3.1 §4.8.12). */
function keyOf(root: Tree, written: unknown): string {
  const ref = isTree(written) ? own(written, '$ref') : undefined
  const parameter = typeof ref === 'string' ? resolve(root, ref)?.value : written
  return isTree(parameter) ? `${textAt(parameter, 'in')} ${textAt(parameter, 'name')}` : ''
}

/**
 * A copy in which every reference names a part. Extensions that hold references go: nobody shows them, and they
 * would pull in half the document.
 *
 * @param isNamed whether the keys are names given by the author, so that none of them means anything
 */
function withNames(value: unknown, nameOf: (ref: string) => string | undefined, isNamed = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withNames(item, nameOf))
  if (!isTree(value)) return value
  const copy: Tree = {}
  for (const [key, child] of Object.entries(value)) {
    if (isNamed) copy[key] = withNames(child, nameOf)
    else if (key === '$ref' && typeof child === 'string') {
      const name = nameOf(child)
      copy[key] = name === undefined ? child : `#/components/${name}`
    } else if (key === 'examples' && isTree(child)) copy[key] = withNames(child, nameOf, true)
    else if (samples.has(key)) copy[key] = child
    else if (!key.startsWith('x-') || !holdsReference(child))
      copy[key] = withNames(child, nameOf, named.has(key))
  }
  return copy
}

function holdsReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, child]) => key === '$ref' || holdsReference(child))
}
