import { headerName } from '../header-names.ts'

/** By names in lower case; undefined where a name comes twice: what that means differs from name to name. */
export function headersByName(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i < lines.length; i += 2) {
    const { lower } = headerName(lines[i]!)
    if (headers[lower] !== undefined) return undefined
    headers[lower] = lines[i + 1]!
  }
  return headers
}
