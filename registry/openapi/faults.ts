import type { Finding } from '../model.ts'
import { follow, throughRefs } from './refs.ts'
import { below, isTree, own, type Tree } from './tree.ts'

/**
 * Turns the validator's messages into findings with pointers. It tells places in two ways: a path between backticks,
 * written for people, or a piece of the document (references written out) as JSON with line numbers.
 *
 * @param checked what the validator worked on: the document with its references written out
 */
export function describeFault(tree: Tree, checked: Tree) {
  const frames = new Map<number, string>()
  return (message: string, severity: Finding['severity']): Finding[] => {
    // Both are told with better places by our own checks.
    if (/^The operationId `|^Missing \$ref pointer/.test(message)) {
      return message.startsWith('The')
        ? []
        : [
            {
              severity: 'warning',
              code: 'not-fully-checked',
              message: 'References that lead nowhere kept the document from being checked further.',
              pointer: '',
            },
          ]
    }
    const line = /^> *(\d+) \|/m.exec(message)
    if (!line) {
      const place = /`(\/[^`]*)`/.exec(message)?.[1]
      return [{ severity, code: 'invalid', message, pointer: place ? locate(tree, place) : '' }]
    }
    const pointer = pointerAtLine(checked, Number(line[1]), frames)
    return [{ severity, code: 'invalid', message: withoutFrame(message), pointer: nearest(tree, pointer) }]
  }
}

/** `REQUIRED must have …`, a frame, and a hint below carets: the sentence, and the hint where it says more. */
function withoutFrame(message: string): string {
  const sentence = (message.split('\n')[0] ?? '').replace(/^[A-Z ]+ (?=[a-z])/, '')
  const hint = /\^+ (.+)$/m.exec(message)?.[1]
  return hint && !saysTheSame.test(hint) ? `${sentence}: ${hint}` : sentence
}

const saysTheSame = / is missing here!$|^type must be /

/** Walks a path whose segments may hold slashes (`/paths/v1/pay/{id}/get/parameters/expand`) as far as it goes. */
function locate(root: Tree, place: string): string {
  let here: { value: unknown; pointer: string } = { value: root, pointer: '' }
  let rest = place
  while (rest) {
    const through = throughRefs(root, here.value, here.pointer)
    if (!through || typeof through.value !== 'object' || through.value === null) break
    const step = Object.entries(through.value)
      .map(([key, child]) => ({ key, child, name: Array.isArray(through.value) ? nameOf(child) : key }))
      .map((entry) => ({ ...entry, text: entry.name.startsWith('/') ? entry.name : `/${entry.name}` }))
      .filter(({ text }) => rest === text || rest.startsWith(`${text}/`))
      .sort((a, b) => b.text.length - a.text.length)[0]
    if (!step) break
    here = { value: step.child, pointer: below(through.pointer, step.key) }
    rest = rest.slice(step.text.length)
  }
  return here.pointer
}

/** Parameters are named, not numbered, in messages. */
function nameOf(item: unknown): string {
  return isTree(item) ? String(own(item, 'name') ?? '') : ''
}

/** The pointer of what stands at a line of `JSON.stringify(value, null, 2)`, without writing it. */
function pointerAtLine(root: unknown, wanted: number, known: Map<number, string>): string {
  const before = known.get(wanted)
  if (before !== undefined) return before
  let line = 1
  let found: string | undefined
  function walk(value: unknown, pointer: string): void {
    if (typeof value !== 'object' || value === null) return
    const entries = Object.entries(value).filter(([, child]) => child !== undefined)
    if (entries.length === 0) return
    for (const [key, child] of entries) {
      line++
      const at = below(pointer, key)
      if (line === wanted) found = at
      if (found !== undefined) return
      walk(child, at)
      if (found !== undefined) return
    }
    line++
    if (line === wanted) found = pointer
  }
  walk(root, '')
  known.set(wanted, found ?? '')
  return found ?? ''
}

/** The same place in the document as written: its longest part that exists there, through references. */
function nearest(tree: Tree, pointer: string): string {
  for (let rest = pointer; rest; rest = rest.slice(0, rest.lastIndexOf('/'))) {
    const place = follow(tree, rest)
    if (place) return place.pointer
  }
  return ''
}
