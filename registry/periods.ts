/** Spans of the calendar in which calls are counted. */
export type Period =
  /** Begins at full multiples of its length since the epoch, i.e. in UTC. */
  | { readonly unit: 'seconds'; readonly seconds: number }
  /** As people in a time zone (IANA name) write dates; weeks begin on Monday. */
  | { readonly unit: 'day' | 'week' | 'month'; readonly timeZone: string }

/** Begin and end of the present period and end of the next, ms since the epoch. */
export type Bounds = readonly [start: number, end: number, nextEnd: number]

export function boundsAt(period: Period, nowMs: number): Bounds {
  if (period.unit === 'seconds') {
    const lengthMs = period.seconds * 1000
    const start = Math.floor(nowMs / lengthMs) * lengthMs
    return [start, start + lengthMs, start + 2 * lengthMs]
  }
  const key = `${period.unit} ${period.timeZone}`
  let bounds = known.get(key)
  if (!bounds || nowMs < bounds[0] || nowMs >= bounds[1]) {
    bounds = datesAt(period.unit, period.timeZone, nowMs)
    known.set(key, bounds)
  }
  return bounds
}

/** Last answers: one for each unit and zone in use, good until the period ends. */
const known = new Map<string, Bounds>()

/** Days are as long as the zone makes them: 23 or 25 hours when clocks change. */
function datesAt(unit: 'day' | 'week' | 'month', timeZone: string, nowMs: number): Bounds {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDate()
  const first =
    unit === 'day'
      ? today
      : unit === 'week'
        ? today.subtract({ days: today.dayOfWeek - 1 })
        : today.with({ day: 1 })
  const begin = (count: number) => {
    const date = first.add(
      unit === 'month' ? { months: count } : { days: unit === 'week' ? 7 * count : count },
    )
    return date.toZonedDateTime(timeZone).epochMilliseconds
  }
  return [begin(0), begin(1), begin(2)]
}

/** About; for what has to be told or divided, never for counting. */
export function lengthSeconds(period: Period): number {
  if (period.unit === 'seconds') return period.seconds
  return { day: 1, week: 7, month: 30 }[period.unit] * 86_400
}

/** Whether this system knows the zone. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}
