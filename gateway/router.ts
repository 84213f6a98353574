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
  /**
   * Puts all that another router has below a literal path under which nothing was added, and nothing may be added later:
   * both share it.
   */
  graft(path: string, other: Router<T>): void
  readonly root: Node<T>
}
export interface Match<T> {
  readonly value: T
  /** Decoded. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * Most nodes have one child or none, and get no map for it: maps were most of the memory of a large table, and what a
 * publish makes is what the collector copies while calls wait.
 */
interface Node<T> {
  /** Its literal segment, while there is only one. */
  onlyLiteral: string | undefined
  onlyChild: Node<T> | undefined
  literals: Map<string, Node<T>> | undefined
  /** In the order they are asked. */
  patterns: PatternChild<T>[] | undefined
  /** The same by their key, once there are many. */
  byKey: Map<string, PatternChild<T>> | undefined
  leaf: { value: T; names: readonly string[] } | undefined
}
interface PatternChild<T> {
  /** The literal parts around the parameters: `{id}:cancel` has ['', ':cancel']. */
  readonly parts: readonly string[]
  /** The same in one: no part holds braces. */
  readonly key: string
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
    root,
    graft(path, other) {
      const slash = path.lastIndexOf('/')
      const parent = slash === 0 ? root : place(path.slice(0, slash), true).node!
      addLiteral(parent, path.slice(slash + 1), other.root)
    },
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
  return {
    onlyLiteral: undefined,
    onlyChild: undefined,
    literals: undefined,
    patterns: undefined,
    byKey: undefined,
    leaf: undefined,
  }
}

/** `{id}`, and nothing around it. */
const wholeSegment = '{}'
const wholeParts: readonly string[] = ['', '']

function parseSegment(segment: string): { parts: readonly string[]; names: readonly string[] } {
  if (!segment.includes('{')) return { parts: [segment], names: [] }
  const pieces = segment.split(/\{([^{}]+)\}/)
  return { parts: pieces.filter((_, i) => i % 2 === 0), names: pieces.filter((_, i) => i % 2 === 1) }
}

function literalChild<T>(node: Node<T>, segment: string, make: boolean): Node<T> | undefined {
  const same = literalOf(node, segment)
  if (same || !make) return same
  const child = newNode<T>()
  addLiteral(node, segment, child)
  return child
}

function addLiteral<T>(node: Node<T>, segment: string, child: Node<T>) {
  if (node.onlyChild === undefined && node.literals === undefined) {
    node.onlyLiteral = segment
    node.onlyChild = child
    return
  }
  node.literals ??= new Map([[node.onlyLiteral!, node.onlyChild!]])
  node.onlyLiteral = node.onlyChild = undefined
  node.literals.set(segment, child)
}

function literalOf<T>(node: Node<T>, segment: string): Node<T> | undefined {
  return node.onlyLiteral === segment ? node.onlyChild : node.literals?.get(segment)
}

/** Up to so many patterns of a node are looked through, one by one. */
const fewPatterns = 4

function patternChild<T>(node: Node<T>, parts: readonly string[], make: boolean): Node<T> | undefined {
  const key = parts.length === 2 && parts[0] === '' && parts[1] === '' ? wholeSegment : parts.join('{}')
  const same = node.byKey ? node.byKey.get(key) : node.patterns?.find((p) => p.key === key)
  if (same || !make) return same?.node
  const weight = parts.join('').length
  const child = { parts: key === wholeSegment ? wholeParts : parts, key, weight, node: newNode<T>() }
  // The more literal text a pattern has, the more exact it is: `{id}:cancel` is asked before `{id}`. Put in its place,
  // not sorted: a document with thousands of them must not hold the thread for minutes.
  if (!node.patterns) {
    node.patterns = [child] // an empty one that grows takes room for sixteen at once
    return child.node
  }
  const at = node.patterns.findIndex((p) => p.weight < weight)
  node.patterns.splice(at === -1 ? node.patterns.length : at, 0, child)
  if (node.byKey) node.byKey.set(key, child)
  else if (node.patterns.length > fewPatterns) node.byKey = new Map(node.patterns.map((p) => [p.key, p]))
  return child.node
}

function walk<T>(node: Node<T>, path: string, start: number, values: string[]): Node<T>['leaf'] {
  const slash = path.indexOf('/', start)
  const end = slash === -1 ? path.length : slash
  const segment = path.slice(start, end)
  const isLast = slash === -1
  const literal = literalOf(node, segment)
  if (literal) {
    const found = isLast ? literal.leaf : walk(literal, path, end + 1, values)
    if (found) return found
  }
  if (node.patterns === undefined) return undefined
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
