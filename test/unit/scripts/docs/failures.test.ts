import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { root } from '../../../../scripts/setup.mjs'

const page = readFileSync(join(root, 'docs', 'operations', 'failures.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.includes('proven by'))
const proofOf = (row: string) => row.split('|').at(-2)!.trim()
const files = readdirSync(join(root, 'test', 'chaos')).map((name) => name.replace('.test.ts', ''))

describe('the page of failures', () => {
  test.each(rows.map((row) => [row.split('|')[1]!.trim(), row]))('says truly what proves: %s', (_, row) => {
    expect(files.map((name) => `\`${name}\``)).toContain(proofOf(row))
  })

  test('leaves out no chaos test', () => {
    const named = new Set(rows.map((row) => proofOf(row).replaceAll('`', '')))
    expect(files.filter((name) => !named.has(name))).toEqual([])
  })
})
