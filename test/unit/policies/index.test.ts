import { describe, expect, test } from '@jest/globals'
import { checkPolicyConfig, describePolicies, policies } from '../../../policies/index.ts'

interface Schema {
  description?: string
  type?: string
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
}

/** Every field of a schema, at any depth, by its path. */
function fieldsOf(schema: Schema, path = ''): [string, Schema][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    [`${path}/${name}`, field] as [string, Schema],
    ...fieldsOf(field, `${path}/${name}`),
  ])
}

describe('the list of policies', () => {
  test('runs from who is calling over how much to where to', () => {
    expect(policies.map((p) => p.name)).toEqual([
      'cors',
      'body-limit',
      'ip-filter',
      'authenticate',
      'authorize',
      'rate-limit',
      'quota',
      'concurrency',
      'payment-authorization',
      'headers',
      'phantom-token',
      'balance',
    ])
  })

  test('protects and balances every route of which nothing is said', () => {
    expect(policies.filter((p) => p.byDefault !== undefined).map((p) => p.name)).toEqual([
      'authenticate',
      'authorize',
      'balance',
    ])
  })

  test.each(describePolicies().map((p) => [p.name, p] as const))(
    '%s says in a sentence what it does, and what each field means',
    (_name, { summary, schema }) => {
      expect(summary).toMatch(/^[A-Z].*\.$/)
      const silent = fieldsOf(schema as Schema).filter(([, field]) => !field.description)
      expect(silent.map(([path]) => path)).toEqual([])
    },
  )

  test.each(policies.map((p) => [p.name] as const))('%s refuses a field that does not exist', (name) => {
    expect(checkPolicyConfig(name, { noSuchField: 1 })).toContainEqual({
      pointer: '/noSuchField',
      detail: 'There is no such field.',
    })
  })

  test.each(policies.filter((p) => p.byDefault).map((p) => [p.name, p] as const))(
    '%s accepts its own default',
    (name, policy) => expect(checkPolicyConfig(name, policy.byDefault)).toEqual([]),
  )
})

describe('checking a config', () => {
  test('points at each fault', () => {
    expect(checkPolicyConfig('rate-limit', { limit: 0, windowSeconds: 'x' }).map((e) => e.pointer)).toEqual([
      '/limit',
      '/windowSeconds',
    ])
  })

  test('escapes names in pointers', () => {
    expect(checkPolicyConfig('headers', { request: { set: { 'a/b': 'x' } } })).toEqual([
      { pointer: '/request/set/a~1b', detail: 'a header name' },
    ])
  })

  test('takes null as switched off', () => {
    expect(checkPolicyConfig('authenticate', null)).toEqual([])
  })

  test('names the policies there are when asked for another', () => {
    expect(checkPolicyConfig('nonsense', {})).toEqual([
      { pointer: '', detail: expect.stringContaining('cors, body-limit') as unknown as string },
    ])
  })
})
