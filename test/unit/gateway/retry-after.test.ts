import { expect, test } from '@jest/globals'
import { retryAfterSeconds } from '../../../gateway/retry-after.ts'

const now = () => Date.UTC(2026, 0, 1)

test.each([
  ['5', 5],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ['99999999999999999999', 86_400],
  ['-5', 0],
  ['1.5', 0],
  ['soon', 0],
  ['', 0],
  [['5', '6'], 0],
  [undefined, 0],
])('Retry-After %j is a wait of %d s', (value, seconds) => {
  expect(retryAfterSeconds(value, now)).toBe(seconds)
})
