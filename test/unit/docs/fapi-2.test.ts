import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/fapi-2.md'), 'utf8')

/** Item and what shows it, of each row. */
const rows = [...page.matchAll(/^\| ([A-Z]\d+) \| (?:[^|]*) \| (.*) \|$/gm)].map(
  ([, item = '', shown = '']) => ({ item, shown }),
)
const numbered = (letter: string, last: number) => Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)

describe('the check-list of FAPI 2.0', () => {
  test('has every item, once and in order', () => {
    const all = [
      ...numbered('A', 14),
      ...numbered('B', 14),
      ...numbered('R', 5),
      ...numbered('C', 8),
      ...numbered('M', 6),
    ]
    expect(rows.map(({ item }) => item)).toEqual(all)
  })

  test.each(rows)('names tests that exist for $item, or says that it is not there', ({ shown }) => {
    if (shown.startsWith('not there: ')) return
    for (const proof of shown.split('<br>')) {
      const [, file = '', name = ''] = /^`(test\/[^`]+\.test\.ts)` › (.+)$/.exec(proof) ?? []
      expect([proof, existsSync(join(root, file)) && file !== '']).toEqual([proof, true])
      expect([proof, readFileSync(join(root, file), 'utf8').includes(name)]).toEqual([proof, true])
    }
  })
})
