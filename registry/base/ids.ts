import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base 32: no i, l, o, u

let lastMs = 0

/**
 * A new id such as `api_01kb…`: the noun, then 10 characters of time and 16 random ones (80 bits).
 * Ids made by one process sort by the time they were made, which is what list cursors rely on.
 */
export function newId(noun: string, now = Date.now()): string {
  lastMs = Math.max(lastMs + (now <= lastMs ? 1 : 0), now)
  let time = ''
  for (let rest = lastMs, i = 0; i < 10; i++) {
    time = alphabet[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  let random = ''
  for (const byte of randomBytes(16)) random += alphabet[byte & 31]
  return `${noun}_${time}${random}`
}
