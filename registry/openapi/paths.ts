import { throughRefs } from './refs.ts'
import { below, isTree, own, type Tree, treeAt } from './tree.ts'

/** Methods that the gateway routes, in the order of the model. */
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

export interface PathItem {
  readonly path: string
  /** The item as written and, where it has a `$ref`, what that leads to: the first that has a key wins. */
  readonly layers: readonly { readonly tree: Tree; readonly pointer: string }[]
  /** Of the entry in `paths`. */
  readonly pointer: string
  /** A `$ref` that leads out of the document or nowhere. */
  readonly isBroken: boolean
}

export interface WrittenOperation {
  readonly method: Uppercase<(typeof methods)[number]>
  readonly tree: Tree
  readonly pointer: string
}

export function pathItems(root: Tree): PathItem[] {
  const items: PathItem[] = []
  for (const [path, written] of Object.entries(treeAt(root, 'paths'))) {
    if (path.startsWith('x-')) continue
    const pointer = below('/paths', path)
    const tree = isTree(written) ? written : {}
    const layers = [{ tree, pointer }]
    const target = throughRefs(root, tree, pointer)
    const hasRef = typeof own(tree, '$ref') === 'string'
    if (hasRef && target && isTree(target.value)) layers.push({ tree: target.value, pointer: target.pointer })
    items.push({ path, layers, pointer, isBroken: (hasRef && layers.length === 1) || !isTree(written) })
  }
  return items
}

export function operationsOf(item: PathItem): WrittenOperation[] {
  const found: WrittenOperation[] = []
  for (const method of methods)
    for (const { tree, pointer } of item.layers) {
      const operation = own(tree, method)
      if (!isTree(operation)) continue
      const upper = method.toUpperCase() as WrittenOperation['method']
      found.push({ method: upper, tree: operation, pointer: below(pointer, method) })
      break
    }
  return found
}

/** Why a path template cannot be routed, or undefined. */
export function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return 'A path begins with a slash.'
  if (path.length > 2000) return 'The path is longer than 2000 characters.'
  if (/[?#]/.test(path)) return 'A path cannot hold `?` or `#`: calls are routed by path and method.'
  const rest = path.replace(/\{[^{}/]+\}/g, '')
  if (/[{}]/.test(rest))
    return 'The braces of the path do not pair up, or have nothing or a slash between them.'
  return undefined
}

/** Equal for templates that no call can tell apart: names of parameters do not matter. */
export function shapeOf(path: string): string {
  return path.replace(/\{[^{}/]+\}/g, '{}')
}
