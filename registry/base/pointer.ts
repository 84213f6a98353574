/** The JSON pointer (RFC 6901) of a place; '' for the whole. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escaped(String(part))}`).join('')
}

/** A name as one segment of a pointer. */
export const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')

/** What a JSON pointer (RFC 6901) leads to; undefined when that is nothing. */
export function valueAt(value: unknown, pointer: string): unknown {
  let found = value
  for (const part of pointer.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}
