import { describe, expect, test } from '@jest/globals'
import { bodyLimit } from '../../../policies/body-limit.ts'
import { ask, compile, exchange } from '../../support/policy-run.ts'

describe('body-limit', () => {
  test('refuses a stated length that is too large before the body is read', async () => {
    const call = ask(compile(bodyLimit, { maxBytes: 10 }), exchange({ contentLength: 11 }))
    await expect(call).rejects.toMatchObject({ code: 'body-too-large', detail: 'Send at most 10 bytes.' })
  })

  test.each([10, undefined])('lets a length of %s pass and bounds the stream', async (contentLength) => {
    const x = exchange({ contentLength })
    await ask(compile(bodyLimit, { maxBytes: 10 }), x)
    expect(x.request.maxBodyBytes).toBe(10)
  })
})
