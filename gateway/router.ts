/**
 * Finds what was added under a path template. Cost grows with the segments of the path, not with the number of
 * templates: a tree of segments, in which a literal segment wins over one with parameters (OpenAPI 3.1, "Paths Object").
 * Segments may mix both, as `{id}:cancel` or `{from}..{to}`.
 */
export interface Router<T> {
  add(template: string, value: T): void
  find(path: string): Match<T> | undefined
  /** The value added under exactly this template, parameter names aside. */
  at(template: string): T | undefined
}
export interface Match<T> {
  readonly value: T
  /** Decoded. */
  readonly params: Readonly<Record<string, string>>
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>
  /** In the order they are asked. */
  readonly patterns: PatternChild<T>[]
  /** The same by their parts. */
  readonly byParts: Map<string, PatternChild<T>>
  leaf: { value: T; names: readonly string[] } | undefined
}
interface PatternChild<T> {
  /** The literal parts around the parameters: `{id}:cancel` has ['', ':cancel']. */
  readonly parts: readonly string[]
  /** Characters of the literal parts. */
  readonly weight: number
  readonly node: Node<T>
}

export function createRouter<T>(): Router<T> {
  const root = newNode<T>()

  function place(template: string, make: boolean): { node: Node<T> | undefined; names: string[] } {
    let node: Node<T> | undefined = root
    const names: string[] = []
    for (const segment of template.slice(1).split('/')) {
      const { parts, names: own } = parseSegment(segment)
      names.push(...own)
      node = own.length === 0 ? literalChild(node, segment, make) : patternChild(node, parts, make)
      if (!node) break
    }
    return { node, names }
  }

  return {
    add(template, value) {
      const { node, names } = place(template, true)
      node!.leaf = { value, names }
    },
    at: (template) => place(template, false).node?.leaf?.value,
    find(path) {
      const values: string[] = []
      const leaf = walk(root, path, 1, values)
      return leaf && { value: leaf.value, params: values.length === 0 ? none : named(leaf.names, values) }
    },
  }
}

const none: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

function newNode<T>(): Node<T> {
  return { literals: new Map(), patterns: [], byParts: new Map(), leaf: undefined }
}

function parseSegment(segment: string): { parts: string[]; names: string[] } {
  const pieces = segment.split(/\{([^{}]+)\}/)
  return { parts: pieces.filter((_, i) => i % 2 === 0), names: pieces.filter((_, i) => i % 2 === 1) }
}

function literalChild<T>(node: Node<T>, segment: string, make: boolean): Node<T> | undefined {
  let child = node.literals.get(segment)
  if (!child && make) {
    child = newNode<T>()
    node.literals.set(segment, child)
  }
  return child
}

function patternChild<T>(node: Node<T>, parts: readonly string[], make: boolean): Node<T> | undefined {
  const key = parts.join('{}') // no part holds braces
  const same = node.byParts.get(key)
  if (same || !make) return same?.node
  const weight = parts.join('').length
  const child = { parts, weight, node: newNode<T>() }
  node.byParts.set(key, child)
  // The more literal text a pattern has, the more exact it is: `{id}:cancel` is asked before `{id}`. Put in its place,
  // not sorted: a document with thousands of them must not hold the thread for minutes.
  const at = node.patterns.findIndex((p) => p.weight < weight)
  node.patterns.splice(at === -1 ? node.patterns.length : at, 0, child)
  return child.node
}

function walk<T>(node: Node<T>, path: string, start: number, values: string[]): Node<T>['leaf'] {
  const slash = path.indexOf('/', start)
  const end = slash === -1 ? path.length : slash
  const segment = path.slice(start, end)
  const isLast = slash === -1
  const literal = node.literals.get(segment)
  if (literal) {
    const found = isLast ? literal.leaf : walk(literal, path, end + 1, values)
    if (found) return found
  }
  for (const { parts, node: child } of node.patterns) {
    const mark = values.length
    if (capture(parts, segment, values)) {
      const found = isLast ? child.leaf : walk(child, path, end + 1, values)
      if (found) return found
    }
    values.length = mark
  }
  return undefined
}

/** Matches one segment; a parameter takes at least one character, and as few as the literal after it allows. */
function capture(parts: readonly string[], segment: string, values: string[]): boolean {
  const last = parts.length - 1
  if (segment.length === 0 || !segment.startsWith(parts[0]!)) return false
  let at = parts[0]!.length
  for (let i = 1; i < last; i++) {
    const next = segment.indexOf(parts[i]!, at + 1)
    if (next === -1) return false
    values.push(segment.slice(at, next))
    at = next + parts[i]!.length
  }
  const tail = parts[last]!
  const end = segment.length - tail.length
  if (end <= at || !segment.endsWith(tail)) return false
  values.push(segment.slice(at, end))
  return true
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  const params: Record<string, string> = Object.create(null)
  for (let i = 0; i < names.length; i++) params[names[i]!] = decode(values[i]!)
  return params
}

function decode(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value // bytes that are not UTF-8: the service gets them as they came
  }
}
