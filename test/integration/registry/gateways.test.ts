import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { beat, listGateways } from '../../../registry/gateways.ts'
import { stopSharedRedis, testRegistry } from '../../support/redis.ts'

let r: Awaited<ReturnType<typeof testRegistry>>
beforeAll(async () => {
  r = await testRegistry()
})
afterAll(async () => {
  await r.close()
  await stopSharedRedis()
})

const hour = 3_600_000
const heartbeat = {
  at: 1,
  startedAt: 1,
  address: '',
  threads: 1,
  snapshot: 1,
  lastError: '',
  targets: [],
  unlistedTargets: 0,
}

describe('gateways whose clocks are wrong', () => {
  // Limits are shared out by this count while Redis is away: too small a count lets too many calls through.
  test('are counted as all others, and make nobody vanish', async () => {
    for (const [gatewayId, error] of [
      ['right', 0],
      ['slow', -hour],
      ['fast', hour],
    ] as const)
      await beat({ ...r, now: () => Date.now() + error }, { gatewayId, ...heartbeat })
    expect(await beat(r, { gatewayId: 'right', ...heartbeat })).toBe(3)
    for (const error of [0, hour, -hour]) {
      const found = await listGateways({ ...r, now: () => Date.now() + error })
      expect(found.map(({ gatewayId }) => gatewayId)).toEqual(['fast', 'right', 'slow'])
    }
  })
})
