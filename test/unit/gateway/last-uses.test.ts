import { describe, expect, test } from '@jest/globals'
import { createLastUses } from '../../../gateway/last-uses.ts'
import { identity } from '../../support/policy-run.ts'

describe('the times of last use', () => {
  test('are told of the credential and of the secret that was shown, the latest each', () => {
    const uses = createLastUses()
    const old = identity({ credentialId: 'cred_1', secretId: 'sec_1' })
    uses.called(old, 10)
    uses.called(identity({ credentialId: 'cred_1', secretId: 'sec_2' }), 30)
    uses.called(identity({ credentialId: 'cred_1', secretId: null }), 20)
    uses.shown('sec_3', 40)
    expect(uses.size).toBe(4)
    expect(Object.fromEntries(uses.take())).toEqual({ sec_1: 10, cred_1: 30, sec_2: 30, sec_3: 40 })
    expect(uses.size).toBe(0)
    uses.called(old, 50)
    expect(Object.fromEntries(uses.take())).toEqual({ sec_1: 50, cred_1: 50 })
  })
})
