/** Longest wait that is made sense of, a day: what is beyond is bounded by settings anyhow. */
const longestSeconds = 86_400

/** @returns for how many seconds a service asks to be left alone (RFC 9110 §10.2.3); 0 where it does not say */
export function retryAfterSeconds(value: string | string[] | undefined, now = Date.now): number {
  if (typeof value !== 'string') return 0
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now()) / 1_000
  return seconds > 0 ? Math.min(seconds, longestSeconds) : 0
}
