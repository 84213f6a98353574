type Value = string | number | null | undefined

/** Lines as RFC 4180 has them. */
export const csvOf = (head: readonly string[], lines: readonly (readonly Value[])[]): string =>
  [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')

/** A text that a spreadsheet would take for a formula gets a quote before it: callers choose some of them. */
function cell(value: Value): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
