import type { FieldError } from '../base/problem.ts'
import { below } from './tree.ts'

/** Of real documents the largest known has some 200,000 values and a depth of about 30. */
const maxValues = 3_000_000
const maxDepth = 200

interface Extent {
  readonly values: number
  readonly height: number
}

/**
 * Says what makes a parsed text unsafe to walk, or undefined. YAML aliases share objects: ten short lines can stand
 * for billions of values, or contain themselves. Sizes are counted as if all were written out, each object once.
 */
export function findHazard(root: unknown): FieldError | undefined {
  const known = new Map<object, Extent>()
  const open = new Set<object>()
  let hazard: FieldError | undefined

  function measure(value: unknown, pointer: string, depth: number): Extent {
    if (hazard || typeof value !== 'object' || value === null) return { values: 1, height: 0 }
    const before = known.get(value)
    if (depth + (before?.height ?? 0) > maxDepth) return refuse(pointer, 'is nested too deeply')
    if (before) return before
    if (open.has(value)) return refuse(pointer, 'contains itself through an alias')
    open.add(value)
    let values = 1
    let height = 0
    for (const [key, child] of Object.entries(value)) {
      const at = below(pointer, key)
      // No schema needs it, and one careless assignment in any library would change the prototype of an object.
      if (key === '__proto__') return refuse(at, 'has a key that is not accepted: __proto__')
      const extent = measure(child, at, depth + 1)
      values += extent.values
      height = Math.max(height, extent.height + 1)
      if (values > maxValues) return refuse(pointer, 'stands for too many values (aliases written out)')
    }
    open.delete(value)
    const extent = { values, height }
    known.set(value, extent)
    return extent
  }

  function refuse(pointer: string, detail: string): Extent {
    // Of a place two hundred levels down the beginning is enough.
    hazard ??= { pointer: pointer.split('/').slice(0, 20).join('/'), detail: `The document ${detail}.` }
    return { values: 1, height: 0 }
  }

  measure(root, '', 0)
  return hazard
}

/** The first key that a JSON text gives twice in one object, and its offset. The text is known to be valid JSON. */
export function findDuplicateKey(text: string): { key: string; offset: number } | undefined {
  const mark = /["{}[\],]/g
  const stack: (Set<string> | null)[] = []
  let isKey = false
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    const [found] = match
    if (found === '{') stack.push(new Set())
    else if (found === '[') stack.push(null)
    else if (found === '}' || found === ']') stack.pop()
    else if (found === '"') {
      mark.lastIndex = endOfString(text, match.index)
      const keys = stack.at(-1)
      if (isKey && keys) {
        const key = JSON.parse(text.slice(match.index, mark.lastIndex)) as string
        if (keys.has(key)) return { key, offset: match.index }
        keys.add(key)
      }
    }
    isKey = (found === '{' || found === ',') && stack.at(-1) !== null
  }
  return undefined
}

/** By hand: one regular expression for a whole string overflows on texts of megabytes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return end + 1
  }
}
