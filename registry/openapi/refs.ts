import type { Finding } from '../model.ts'
import { below, isTree, own, segmentsOf, type Tree } from './tree.ts'

/** What a reference points to and where that really stands; undefined when it leads out of the document or nowhere. */
export function resolve(root: Tree, ref: string): { value: unknown; pointer: string } | undefined {
  if (ref !== '#' && !ref.startsWith('#/')) return undefined
  return follow(root, decodeFragment(ref.slice(1)))
}

/** Walks a pointer, going through references on its way. */
export function follow(
  root: Tree,
  pointer: string,
  hops = 0,
): { value: unknown; pointer: string } | undefined {
  let value: unknown = root
  let at = ''
  for (const segment of segmentsOf(pointer)) {
    const here = throughRefs(root, value, at, hops)
    if (!here) return undefined
    if (Array.isArray(here.value)) value = here.value[Number(segment)]
    else value = isTree(here.value) ? own(here.value, segment) : undefined
    if (value === undefined) return undefined
    at = below(here.pointer, segment)
  }
  return { value, pointer: at }
}

/** The object itself, or what its `$ref` leads to, over several steps; undefined when that cannot be found. */
export function throughRefs(
  root: Tree,
  value: unknown,
  pointer: string,
  hops = 0,
): { value: unknown; pointer: string } | undefined {
  let here: { value: unknown; pointer: string } | undefined = { value, pointer }
  for (let steps = hops; here && isTree(here.value) && typeof own(here.value, '$ref') === 'string'; steps++) {
    // A chain this long is a circle.
    if (steps > 20) return undefined
    const ref = own(here.value, '$ref') as string
    here =
      ref === '#' || ref.startsWith('#/') ? follow(root, decodeFragment(ref.slice(1)), steps + 1) : undefined
  }
  return here
}

/** Where values are samples, `$ref` is data. */
export const samples = new Set(['example', 'examples', 'default', 'const', 'enum', 'value'])
/** Where keys are names given by the author, `example` is one of them. */
export const named = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'schemas',
  'parameters',
  'responses',
  'headers',
  'content',
  'links',
  'callbacks',
  'paths',
])

/** References that lead nowhere, and those that lead out of the document: these are never fetched. */
export function checkRefs(root: Tree): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<object>()
  function visit(value: unknown, pointer: string, isNamed: boolean): void {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (isTree(value) && !isNamed) {
      const ref = own(value, '$ref')
      if (typeof ref === 'string') judge(ref, below(pointer, '$ref'))
    }
    for (const [key, child] of Object.entries(value))
      if (isNamed || !samples.has(key)) visit(child, below(pointer, key), !isNamed && named.has(key))
  }
  function judge(ref: string, pointer: string): void {
    const name = ref.length > 200 ? `${ref.slice(0, 200)}…` : ref
    if (!ref.startsWith('#'))
      findings.push({
        severity: 'warning',
        code: 'ref-external',
        message: `\`${name}\` lies outside of this document. It was not fetched; bundle the document into one.`,
        pointer,
      })
    else if (ref.startsWith('#/') && !resolve(root, ref))
      findings.push({
        severity: 'error',
        code: 'ref-dangling',
        message: `\`${name}\` leads nowhere.`,
        pointer,
      })
  }
  visit(root, '', false)
  return findings
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
