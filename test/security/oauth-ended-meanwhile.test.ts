import { describe, expect, test } from '@jest/globals'
import { grantStage } from '../support/oauth-grants.ts'

describe('a code that is redeemed while all that its client has is being ended', () => {
  test.each([
    ['after its family is there', 'after'],
    ['before its family is there', 'before'],
  ])('opens nothing that lives on: %s', async (_when, when) => {
    const stage = grantStage()
    const { server, change, clock, codeFor, redeem } = stage
    const code = await codeFor()
    clock.now += 1_000
    const { families } = server.deps
    const { open } = families
    const opened: string[] = []
    const end = () => change({ tokensNotBefore: clock.now })
    families.open = async (given) => {
      if (when === 'before') end()
      const family = await open({ ...given })
      // Those that were there were ended; this one is younger than the moment up to which they are.
      clock.now += 1
      if (when === 'after') end()
      opened.push(family.id)
      return family
    }
    expect(await redeem(code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    expect(opened).toHaveLength(1)
    expect(await families.find(opened[0]!)).toBeUndefined()
    expect(server.tokens.size).toBe(0)
  })

  test('by another client goes on', async () => {
    const { change, clock, tokens, isLive } = grantStage()
    change({ tokensNotBefore: clock.now }, 'crd_other')
    expect(await isLive((await tokens()).access)).toBe(true)
  })
})

describe('a code that is out while a person takes back what the client was allowed', () => {
  test('opens nothing, also where its family is there before the others are looked for', async () => {
    const { server, clock, codeFor, redeem } = grantStage()
    const code = await codeFor()
    clock.now += 1_000
    server.withdrawn.set('crd_shop person-1', clock.now)
    expect(await redeem(code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    expect(server.families.size).toBe(0)
    expect(server.tokens.size).toBe(0)
  })

  test('does not stop one that the person gives afterwards, or another person', async () => {
    const { server, clock, codeFor, redeem } = grantStage()
    server.withdrawn.set('crd_shop person-1', clock.now)
    server.withdrawn.set('crd_shop person-2', clock.now + 10_000)
    clock.now += 1
    expect(await redeem(await codeFor())).toMatchObject({ status: 200 })
  })
})
