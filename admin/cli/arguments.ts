import { InvalidArgumentError } from 'commander'

/** How options and arguments are read: what cannot be meant is wrong usage, and nothing is sent. */

/** Gathers an option that is given several times. */
export const collect = (value: string, before: readonly string[] = []) => [...before, value]

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

/** ms since the epoch */
export function date(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It is not a date like 2027-01-31.')
  return ms
}

/** ms since the epoch; `null`: never */
export const dateOrNever = (text: string) => (text === 'never' ? null : date(text))
