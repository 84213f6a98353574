import { describe, expect, test } from '@jest/globals'
import { verifier } from '../support/authorization-request.ts'
import { grantStage } from '../support/oauth-grants.ts'

describe('a code without its verifier', () => {
  test.each([
    ['none', ''],
    ['another one', 'w'.repeat(43)],
    ['one that is longer', `${verifier}v`],
    ['one that is too short to be any', 'v'.repeat(42)],
    ['the challenge itself', 'fXy6tSGDtuJzmEmvbGt3vE7oXCWX0Ik0h2eHU9ZcKpA'],
  ])('gives nothing, with %s, and is used up: nobody may guess', async (_what, code_verifier) => {
    const { codeFor, redeem, server } = grantStage()
    const code = await codeFor()
    const answer = await redeem(code, { code_verifier })
    expect(answer.status).toBe(400)
    expect(['invalid_grant', 'invalid_request']).toContain(answer.json.error)
    expect(await redeem(code)).toMatchObject({ json: { error: 'invalid_grant' } })
    expect(server.tokens.size).toBe(0)
  })
})
