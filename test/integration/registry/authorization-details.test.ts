import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { giveBackDetail, takeDetail } from '../../../registry/authorization-details.ts'
import { openFamily, revokeFamily } from '../../../registry/token-families.ts'
import { type Platform, startPlatform } from '../../support/platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

const open = () =>
  openFamily(platform.registry, {
    ...{ credentialId: 'cred_1', applicationId: 'app_1', partnerId: 'par_1', environment: 'live' },
    ...{ subject: 'ada', scopes: [], authorizationDetails: null, resources: [], authenticatedAt: 1 },
    expiresAt: Date.now() + 3_600_000,
  })

test('of fifty calls at the same time one gets what was allowed', async () => {
  const { id } = await open()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => takeDetail(platform.registry, id, 0, `call-${i}`)),
  )
  expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1)
  expect(answers.filter((answer) => answer === 'used')).toHaveLength(49)
  expect(await takeDetail(platform.registry, id, 1, 'call-50')).toBe('taken')
})

test('only the call that has it gives it back', async () => {
  const r = platform.registry
  const { id } = await open()
  await takeDetail(r, id, 0, 'first')
  await giveBackDetail(r, id, 0, 'second')
  expect(await takeDetail(r, id, 0, 'second')).toBe('used')
  await giveBackDetail(r, id, 0, 'first')
  expect(await takeDetail(r, id, 0, 'second')).toBe('taken')
})

test('it is marked as long as the authorization lives, and no key tells of which', async () => {
  const r = platform.registry
  const { id } = await open()
  await takeDetail(r, id, 0, 'call')
  const keys = await r.redis.keys(`${r.keys.prefix}once:authorization-details:*`)
  expect(keys.join()).not.toContain(id)
  const lives = await Promise.all(keys.map((key) => r.redis.pttl(key)))
  for (const life of lives) expect(life).toBeGreaterThan(3_500_000)
})

test('nothing is to be had of what has ended', async () => {
  const { id } = await open()
  await revokeFamily(platform.registry, id)
  expect(await takeDetail(platform.registry, id, 0, 'call')).toBe('ended')
})

test('without the store nothing is to be had', async () => {
  const other = await startPlatform()
  const { id } = await open()
  await other.redis.kill()
  await expect(takeDetail(other.registry, id, 0, 'call')).rejects.toMatchObject({ code: 'store-unavailable' })
  await other.close()
}, 30_000)
