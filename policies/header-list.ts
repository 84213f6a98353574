import type { HeaderList } from './policy.ts'

/** Pure functions over flat header lists. Names are compared without case; order and spelling are kept. */

export function getHeader(list: readonly string[], name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) if (sameName(list[i]!, name)) return list[i + 1]
  return undefined
}

/** Replaces all lines of that name by one, at the place of the first. */
export function setHeader(list: HeaderList, name: string, value: string): void {
  for (let i = 0; i < list.length; i += 2) {
    if (!sameName(list[i]!, name)) continue
    list[i + 1] = value
    removeFrom(list, name, i + 2)
    return
  }
  list.push(name, value)
}

export function appendHeader(list: HeaderList, name: string, value: string): void {
  list.push(name, value)
}

export function removeHeader(list: HeaderList, name: string): void {
  removeFrom(list, name, 0)
}

/** Names in lower case; how long they are tells most others apart without a look at their letters. */
export interface NameSet {
  readonly names: ReadonlySet<string>
  readonly lengths: ReadonlySet<number>
}

export const nameSet = (names: readonly string[]): NameSet => ({
  names: new Set(names),
  lengths: new Set(names.map((name) => name.length)),
})

export function removeNamed(list: HeaderList, { names, lengths }: NameSet): void {
  let kept = 0
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    if (!lengths.has(name.length) || !names.has(name.toLowerCase())) kept = keep(list, i, kept)
  }
  if (kept < list.length) list.length = kept
}

/** Removes every line whose name, in lower case, is one of those. */
export function removeHeaders(list: HeaderList, isOne: (lowerName: string) => boolean): void {
  let kept = 0
  for (let i = 0; i < list.length; i += 2) {
    if (!isOne(list[i]!.toLowerCase())) kept = keep(list, i, kept)
  }
  if (kept < list.length) list.length = kept
}

function removeFrom(list: HeaderList, name: string, start: number): void {
  let kept = start
  for (let i = start; i < list.length; i += 2) {
    if (!sameName(list[i]!, name)) kept = keep(list, i, kept)
  }
  if (kept < list.length) list.length = kept
}

/** Moves a line up to where the kept ones end. */
function keep(list: HeaderList, from: number, to: number): number {
  if (from !== to) {
    list[to] = list[from]!
    list[to + 1] = list[from + 1]!
  }
  return to + 2
}

function sameName(a: string, b: string): boolean {
  return a.length === b.length && (a === b || a.toLowerCase() === b.toLowerCase())
}
