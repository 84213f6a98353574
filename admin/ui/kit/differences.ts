import microdiff from 'microdiff'

/** One place at which two values differ; `undefined`: not there. */
export interface Difference {
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** Set by the platform with every change, and no news to who made it. */
const setByPlatform = ['updatedAt']

/** Where two records differ. Members of a list that have ids are told by these, not by their places. */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  if (!isRecord(before) || !isRecord(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path: '', before, after }]
  return microdiff(byId(before) as object, byId(after) as object)
    .filter(({ path }) => !setByPlatform.includes(String(path[0])))
    .map((one) => ({
      path: one.path.join('.'),
      before: one.type === 'CREATE' ? undefined : one.oldValue,
      after: one.type === 'REMOVE' ? undefined : one.value,
    }))
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function byId(value: unknown): unknown {
  if (Array.isArray(value)) {
    const named = value.every((one) => isRecord(one) && typeof one.id === 'string')
    return named && value.length > 0
      ? Object.fromEntries(value.map((one) => [one.id, byId(one)]))
      : value.map(byId)
  }
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, byId(part)]))
}

/** As a reader wants to see it: texts plain, all else as JSON. */
export const shownValue = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value, null, typeof value === 'object' ? 1 : 0)
