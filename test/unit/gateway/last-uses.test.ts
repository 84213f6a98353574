import { describe, expect, test } from '@jest/globals'
import { createLastUses } from '../../../gateway/last-uses.ts'
import { type ServedIdentity, untold } from '../../../gateway/served-identity.ts'
import { identity } from '../../support/policy-run.ts'

const served = (more: Parameters<typeof identity>[0]): ServedIdentity => ({
  ...identity(more),
  line: undefined,
  calledAt: untold,
})

describe('the times of last use', () => {
  test('are told of the credential and of the secret that was shown, the latest each', () => {
    const uses = createLastUses()
    const old = served({ credentialId: 'cred_1', secretId: 'sec_1' })
    uses.called(old, 10)
    uses.called(served({ credentialId: 'cred_1', secretId: 'sec_2' }), 30)
    uses.called(served({ credentialId: 'cred_1', secretId: null }), 20)
    uses.shown('sec_3', 40)
    uses.called(old, 11)
    expect(uses.size).toBe(4)
    expect(Object.fromEntries(uses.take())).toEqual({ sec_1: 11, cred_1: 30, sec_2: 30, sec_3: 40 })
    expect(uses.size).toBe(0)
    uses.called(old, 50)
    expect(Object.fromEntries(uses.take())).toEqual({ sec_1: 50, cred_1: 50 })
  })
})
