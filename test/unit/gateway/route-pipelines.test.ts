import { describe, expect, test } from '@jest/globals'
import { createPipelines } from '../../../gateway/route-pipelines.ts'
import type { Operation, PublishedApi, PublishedVersion } from '../../../registry/model.ts'
import { emptySnapshot } from '../../../registry/snapshot.ts'
import { deps } from '../../support/policy-run.ts'

const limit = (limit: number) => ({ 'rate-limit': { limit, windowSeconds: 60 } })
const operation = (id: string) => ({ id, scopes: [] }) as unknown as Operation
const version = (id: string, operations: object = {}) =>
  ({ id, policies: {}, operations }) as unknown as PublishedVersion
const api = { id: 'api_1', policies: limit(10) } as unknown as PublishedApi
const plans = [{ id: 'gold', policies: limit(1_000) }] as unknown as typeof emptySnapshot.plans
const pipelinesOf = () => createPipelines({ ...emptySnapshot, plans }, () => deps())

describe('the pipelines of routes', () => {
  test('are shared by the operations of a version that have no policies of their own', () => {
    const of = pipelinesOf()
    const v1 = version('v1', { named: { scopes: ['a'] } })
    expect(of(api, v1, operation('a'))).toBe(of(api, v1, operation('b')))
    expect(of(api, v1, operation('named'))).toBe(of(api, v1, operation('a')))
    expect(of(api, version('v2'), operation('a'))).not.toBe(of(api, v1, operation('a')))
  })

  test('are made for an operation with policies of its own', () => {
    const of = pipelinesOf()
    const v1 = version('v1', { special: { policies: { cors: { origins: ['https://shop.example'] } } } })
    expect(of(api, v1, operation('special')).preflight).toBeDefined()
    expect(of(api, v1, operation('a')).preflight).toBeUndefined()
  })

  test('are there for every plan', () => {
    const { byPlan } = pipelinesOf()(api, version('v1'), operation('a'))
    expect([...byPlan.keys()]).toEqual(['', 'gold'])
  })
})
