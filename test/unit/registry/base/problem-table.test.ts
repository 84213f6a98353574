import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type ProblemCode, problems } from '../../../../registry/base/problem.ts'

/** What all files of a folder say together. */
function textOf(folder: string, but: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith(but))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
}

const code = ['registry', 'policies', 'gateway', 'admin']
  .map((folder) => textOf(folder, join('base', 'problem.ts')))
  .join('\n')
const tests = textOf('test', 'problem-table.test.ts')

describe('every row of the problem table', () => {
  test.each(Object.keys(problems) as ProblemCode[])('%s is thrown somewhere, and a test knows it', (name) => {
    expect([code.includes(`'${name}'`), tests.includes(name)]).toEqual([true, true])
  })
})
