import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

test('each decision has a number of its own, in its name and its title', () => {
  const files = readdirSync('docs/decisions').sort()
  const numbers = files.map((file) => Number(file.slice(0, 4)))
  expect(numbers).toEqual(files.map((_, i) => i + 1))
  for (const [i, file] of files.entries())
    expect(readFileSync(`docs/decisions/${file}`, 'utf8')).toMatch(new RegExp(`^# ${numbers[i]}\\. `))
})
