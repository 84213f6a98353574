import { describe, expect, test } from '@jest/globals'
import type { AuthorizationServerDeps } from '../../../../policies/oauth2/deps.ts'
import {
  endInteraction,
  findInteraction,
  keepInteraction,
  startInteraction,
} from '../../../../policies/oauth2/interactions.ts'
import type { OAuthRequest } from '../../../../policies/oauth2/message.ts'
import { authorizationRequest } from '../../../support/authorization-request.ts'
import { memoryOnce } from '../../../support/oauth-store.ts'

const browser = (cookie?: string) => ({ headers: cookie === undefined ? {} : { cookie } }) as OAuthRequest

function stage(issuer = 'https://api.bank.example') {
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const deps = { issuer, now, once: memoryOnce(now).once } as AuthorizationServerDeps
  const start = async (cookie?: string) => {
    const { location, setCookie } = await startInteraction(deps, browser(cookie), authorizationRequest())
    return { id: location.split('/').at(-1)!, location, setCookie, cookie: setCookie.split(';')[0]! }
  }
  return { deps, clock, start }
}

describe('an interaction', () => {
  test('is found by the browser that brought the request', async () => {
    const { deps, start } = stage()
    const { id, cookie, location } = await start()
    expect(location).toMatch(/^https:\/\/api\.bank\.example\/oauth2\/interaction\/[\w-]{43}$/)
    expect(await findInteraction(deps, id, browser(`a=b; ${cookie}`))).toMatchObject({
      request: authorizationRequest(),
    })
  })

  test.each([
    ['without the cookie', () => undefined],
    ['with another value', (cookie: string) => `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`],
    ['with two of them', (cookie: string) => `${cookie}; ${cookie}`],
    ['under the name that a neighbour could set', (cookie: string) => cookie.replace('__Host-', '')],
  ])('is neither found nor ended %s', async (_how, change) => {
    const { deps, start } = stage()
    const { id, cookie } = await start()
    expect(await findInteraction(deps, id, browser(change(cookie)))).toBeUndefined()
    expect(await endInteraction(deps, id, browser(change(cookie)))).toBeUndefined()
    expect(await endInteraction(deps, id, browser(cookie))).toBeDefined()
  })

  test('ends once', async () => {
    const { deps, start } = stage()
    const { id, cookie } = await start()
    const ends = await Promise.all(
      Array.from({ length: 50 }, () => endInteraction(deps, id, browser(cookie))),
    )
    expect(ends.filter((end) => end !== undefined)).toHaveLength(1)
  })

  test('shares the cookie with the other tabs of its browser', async () => {
    const { deps, start } = stage()
    const [one, two] = [await start(), await start((await start()).cookie)]
    const three = await start(two.cookie)
    expect(three.cookie).toBe(two.cookie)
    expect(await findInteraction(deps, two.id, browser(three.cookie))).toBeDefined()
    expect(await findInteraction(deps, one.id, browser(three.cookie))).toBeUndefined()
  })

  test('lasts ten minutes, however often it is kept anew', async () => {
    const { deps, start, clock } = stage()
    const { id, cookie } = await start()
    clock.now += 590_000
    const interaction = await findInteraction(deps, id, browser(cookie))
    await keepInteraction(deps, id, interaction!)
    clock.now += 9_999
    expect(await findInteraction(deps, id, browser(cookie))).toBeDefined()
    clock.now += 1
    expect(await findInteraction(deps, id, browser(cookie))).toBeUndefined()
  })

  test('has a cookie that only this host may set, over https; a plain one on a machine without', async () => {
    expect((await stage().start()).setCookie).toMatch(
      /^__Host-interaction=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/,
    )
    expect((await stage('http://localhost:8080').start()).setCookie).toMatch(
      /^interaction=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    )
  })
})
