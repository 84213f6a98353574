import { describe, expect, test } from '@jest/globals'
import { effectivePolicies } from '../../../admin/effective.ts'

const found = (name: string, ...levels: Parameters<typeof effectivePolicies>[0]) =>
  effectivePolicies(levels).find((policy) => policy.name === name)

describe('the policies of an operation', () => {
  test('come from the nearest level, whole', () => {
    expect(
      found(
        'rate-limit',
        ['gateway', { 'rate-limit': { limit: 1, per: 'partner' } }],
        ['version', { 'rate-limit': { limit: 9 } }],
      ),
    ).toEqual({ name: 'rate-limit', source: 'version', config: { limit: 9 } })
  })

  test('switched off near by are off, and say where', () => {
    expect(
      found('rate-limit', ['api', { 'rate-limit': { limit: 1 } }], ['operation', { 'rate-limit': null }]),
    ).toEqual({
      name: 'rate-limit',
      source: 'operation',
      config: null,
    })
  })

  test('run by default where they have one, else not at all', () => {
    expect(found('authenticate')).toMatchObject({ source: 'default' })
    expect(found('rate-limit')).toBeUndefined()
  })

  test('are listed in running order', () => {
    const names = effectivePolicies([['gateway', { 'rate-limit': { limit: 1 }, cors: {} }]]).map(
      ({ name }) => name,
    )
    expect(names).toEqual(['cors', 'authenticate', 'authorize', 'rate-limit', 'balance'])
  })
})
