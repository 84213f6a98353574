/** The JSON pointer (RFC 6901) of a place; '' for the whole. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escaped(String(part))}`).join('')
}

/** A name as one segment of a pointer. */
export const escaped = (part: string) => part.replaceAll('~', '~0').replaceAll('/', '~1')
