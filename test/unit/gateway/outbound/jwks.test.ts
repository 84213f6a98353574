import { beforeEach, describe, expect, test } from '@jest/globals'
import { createJwks } from '../../../../gateway/outbound/jwks.ts'
import type { FetchJwks } from '../../../../registry/oauth-keys.ts'

const uri = 'https://shop.example/jwks'
const minute = 60_000

let now: number
let asked: number
let answer: () => { status: number; body: string }
let failures: unknown[]
let fetchJwks: FetchJwks

beforeEach(() => {
  now = 1_000_000
  asked = 0
  failures = []
  answer = withKids('a')
  fetchJwks = createJwks({
    outbound: {
      async send() {
        asked++
        return { headers: {}, ...answer() }
      },
    },
    now: () => now,
    onFailure: (_uri, error) => failures.push(error),
  })
})

const withKids =
  (...kids: string[]) =>
  () => ({
    status: 200,
    body: JSON.stringify({ keys: kids.map((kid) => ({ kty: 'EC', kid })) }),
  })
const away = () => {
  throw new Error('nobody there')
}
const kidsOf = async (kid?: string) => (await fetchJwks(uri, kid)).map((jwk) => jwk.kid)

describe('keys that lie elsewhere', () => {
  test('are fetched once for all who ask, and again after five minutes', async () => {
    await Promise.all([kidsOf('a'), kidsOf('a'), kidsOf()])
    now += 4 * minute
    await kidsOf('a')
    expect(asked).toBe(1)
    now += 2 * minute
    answer = withKids('b')
    expect(await kidsOf('b')).toEqual(['b'])
    expect(asked).toBe(2)
  })

  test('are fetched once more for an unknown kid, and then not before half a minute has passed', async () => {
    await kidsOf('a')
    now += minute
    answer = withKids('a', 'b')
    expect(await kidsOf('b')).toEqual(['a', 'b'])
    for (let i = 0; i < 50; i++) await kidsOf(`made-up-${i}`)
    expect(asked).toBe(2)
    now += 31_000
    await kidsOf('made-up')
    expect(asked).toBe(3)
  })

  test('stay good for a day while their source is away, which is asked every half minute', async () => {
    await kidsOf('a')
    answer = away
    now += 10 * minute
    expect(await kidsOf('a')).toEqual(['a'])
    expect(await kidsOf('a')).toEqual(['a'])
    expect(asked).toBe(2)
    now += 24 * 60 * minute
    await expect(kidsOf('a')).rejects.toThrow('its keys cannot be had')
    expect(failures).toHaveLength(2)
  })

  test('that were never there are not asked for at every try', async () => {
    answer = away
    for (let i = 0; i < 5; i++) await expect(kidsOf('a')).rejects.toThrow('its keys cannot be had')
    expect(asked).toBe(1)
    now += 31_000
    answer = withKids('a')
    expect(await kidsOf('a')).toEqual(['a'])
  })

  test.each([
    ['another status', { status: 302, body: '{"keys":[]}' }],
    ['no JSON', { status: 200, body: '<html>' }],
    ['no set of keys', { status: 200, body: '{"keys":[5]}' }],
    ['too many keys', { status: 200, body: JSON.stringify({ keys: Array(101).fill({ kty: 'EC' }) }) }],
  ])('are none when there is %s', async (_what, bad) => {
    answer = () => bad
    await expect(kidsOf()).rejects.toThrow('its keys cannot be had')
    expect(failures).toHaveLength(1)
  })
})
