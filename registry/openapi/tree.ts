import { escaped } from '../base/pointer.ts'

/** Reading parsed JSON or YAML safely: own keys only, so that a key called `constructor` finds nothing of ours. */

export type Tree = { [key: string]: unknown }

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object under a key, or an empty one where there is none. */
export function treeAt(tree: Tree, key: string): Tree {
  const value = own(tree, key)
  return isTree(value) ? value : {}
}

export function listAt(tree: Tree, key: string): unknown[] {
  const value = own(tree, key)
  return Array.isArray(value) ? value : []
}

/** A text, or '' where there is none. Numbers count: YAML reads `version: 1.0` as one. */
export function textAt(tree: Tree, key: string): string {
  const value = own(tree, key)
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

export function own(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined
}

/** JSON pointer (RFC 6901) of a child. */
export function below(pointer: string, key: string | number): string {
  return `${pointer}/${escaped(String(key))}`
}

export function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'))
}
