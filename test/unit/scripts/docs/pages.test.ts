import { describe, expect, test } from '@jest/globals'
import { describePolicies } from '../../../../policies/index.ts'
import { settings } from '../../../../registry/base/config.ts'
import { problems } from '../../../../registry/base/problem.ts'
import { configurationPage, configurationTable } from '../../../../scripts/docs/configuration.ts'
import { between, table } from '../../../../scripts/docs/markdown.ts'
import { policiesPage } from '../../../../scripts/docs/policies.ts'
import { problemsPage } from '../../../../scripts/docs/problems.ts'
import { fieldsOf, kindOf } from '../../../../scripts/docs/schema.ts'

describe('generated pages', () => {
  test('tell of every policy, problem and setting', () => {
    for (const { name } of describePolicies()) expect(policiesPage()).toContain(`## ${name}\n`)
    for (const code of Object.keys(problems)) expect(problemsPage()).toContain(`| \`${code}\` |`)
    for (const name of Object.keys(settings)) expect(configurationPage()).toContain(`| \`${name}\` |`)
  })

  test('do not depend on the machine they are made on', () => {
    expect(configurationPage()).toMatch(/`GATEWAY_THREADS` \| [^|]+ \| one per core \|/)
    expect(configurationTable()).toMatch(/`GATEWAY_THREADS` \| one per core \|/)
    expect(configurationPage()).not.toContain(String(process.pid))
  })
})

describe('markdown', () => {
  test('keeps pipes, line breaks and angle brackets inside their cell', () => {
    expect(table(['a'], [['x | y\n<id>']])).toBe('| a |\n| --- |\n| x \\| y &lt;id> |')
  })

  test('replaces only what stands between the markers', () => {
    const page = 'before\n<!-- begin x -->\nold\n<!-- end x -->\nafter'
    expect(between(page, 'x', 'new')).toBe('before\n<!-- begin x -->\nnew\n<!-- end x -->\nafter')
    expect(() => between(page, 'y', 'new')).toThrow('<!-- begin y -->')
  })
})

describe('schemas in words', () => {
  test.each([
    [{ type: 'integer', minimum: 1, maximum: 64 }, 'integer 1 to 64'],
    [{ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, 'integer, at least 0'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, 'list of `a`, `b`'],
    [{ anyOf: [{ type: 'string' }, { const: 'none' }] }, 'text or `none`'],
    [{}, 'text'],
  ])('%j is %s', (schema, words) => expect(kindOf(schema)).toBe(words))

  test('fields inside fields have dotted names', () => {
    const inner = { type: 'object', properties: { set: { type: 'object' } } }
    const fields = fieldsOf({ properties: { request: inner }, required: ['request'] })
    expect(fields.map((f) => [f.name, f.isRequired])).toEqual([
      ['request', true],
      ['request.set', false],
    ])
  })
})
