import type { AccountRecord } from '../../registry/accounts.ts'

/** One condition as better-auth gives it. */
export interface Clause {
  readonly field: string
  readonly operator: string
  readonly value: unknown
  readonly connector: 'AND' | 'OR'
  readonly mode: 'sensitive' | 'insensitive'
}

/** Whether a record meets the conditions: all that are joined by AND, and one of those joined by OR if there are any. */
export function matches(record: AccountRecord, where: readonly Clause[]): boolean {
  const and = where.filter(({ connector }) => connector !== 'OR')
  const or = where.filter(({ connector }) => connector === 'OR')
  return and.every((one) => holds(record, one)) && (or.length === 0 || or.some((one) => holds(record, one)))
}

/** The values of a field, of those that are indexed, that a record must have; undefined where no index helps. */
export function wantedBy(
  where: readonly Clause[],
  indexed: readonly string[],
): { field: string; values: readonly unknown[] } | undefined {
  for (const field of indexed)
    for (const clause of where) {
      if (clause.field !== field || clause.connector === 'OR' || clause.value === null) continue
      if (clause.operator === 'eq' && clause.mode !== 'insensitive') return { field, values: [clause.value] }
      if (clause.operator === 'in' && Array.isArray(clause.value)) return { field, values: clause.value }
    }
  return undefined
}

function holds(record: AccountRecord, { field, operator, value, mode }: Clause): boolean {
  const fold = (one: unknown) =>
    one instanceof Date
      ? one.toISOString()
      : mode === 'insensitive' && typeof one === 'string'
        ? one.toLowerCase()
        : (one ?? null)
  const own = fold(record[field])
  const given = Array.isArray(value) ? value.map(fold) : fold(value)
  const among = Array.isArray(given) && given.includes(own)
  const text = String(own ?? '')
  switch (operator) {
    case 'eq':
      return own === given
    case 'ne':
      return own !== given
    case 'in':
      return among
    case 'not_in':
      return !among
    case 'contains':
      return text.includes(String(given))
    case 'starts_with':
      return text.startsWith(String(given))
    case 'ends_with':
      return text.endsWith(String(given))
  }
  // What has no value is neither before nor after anything.
  if (own === null || given === null || Array.isArray(given)) return false
  const [a, b] = [own as string, given as string]
  if (operator === 'lt') return a < b
  if (operator === 'lte') return a <= b
  if (operator === 'gt') return a > b
  if (operator === 'gte') return a >= b
  throw new Error(`unknown operator ${operator}`)
}
