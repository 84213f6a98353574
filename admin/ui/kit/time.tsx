import { Tooltip } from '@mantine/core'
import { useInterval } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

/** How long ago, or how soon; the exact time on hover. @param at ms since the epoch */
export function RelativeTime({ at }: { readonly at: number }) {
  const { i18n } = useTranslation()
  const [now, setNow] = useState(Date.now)
  const { start, stop } = useInterval(() => setNow(Date.now()), 15_000)
  useEffect(() => {
    start()
    return stop
  }, [start, stop])
  return (
    <Tooltip label={exactTime(at, i18n.language)}>
      <time dateTime={new Date(at).toISOString()}>{relativeTime(at - now, i18n.language)}</time>
    </Tooltip>
  )
}

export function relativeTime(differenceMs: number, language: string): string {
  const seconds = Math.round(differenceMs / 1000)
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const)
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / length), unit)
}

export const exactTime = (at: number, language: string) =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' }).format(at)
