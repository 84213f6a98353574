import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { beat } from '../../../registry/gateways.ts'
import { type AdminService, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin()
}, 60_000)
afterAll(() => admin?.close())

const report = (upstreamId: string, target: string, more: object = {}) => ({
  upstreamId,
  target,
  state: 'healthy' as const,
  reason: '',
  since: 1_000,
  until: null,
  inFlight: 0,
  ...more,
})
const heartbeat = { at: 5_000, startedAt: 1, address: 'http://gw', threads: 2, snapshot: 7, lastError: '' }

describe('the health of an upstream', () => {
  test('is what every gateway says of its targets, and of no other’s', async () => {
    const targets = ['a', 'b'].map((id) => ({ id, url: `http://10.0.0.1:${id === 'a' ? 1 : 2}` }))
    const { body: bank } = await admin.ask('POST', '/api/upstreams', { body: { name: 'bank', targets } })
    const sick = { state: 'ejected' as const, reason: 'consecutive-5xx', until: 31_000, inFlight: 3 }
    await beat(admin.registry, {
      gatewayId: 'gw-1',
      ...heartbeat,
      targets: [
        report(bank.id, 'a', sick),
        report(bank.id, 'gone', { inFlight: 1 }),
        report('ups_other', 'a'),
      ],
      unlistedTargets: 0,
    })
    await beat(admin.registry, {
      gatewayId: 'gw-2',
      ...heartbeat,
      targets: [report(bank.id, 'a', { inFlight: 2 })],
      unlistedTargets: 9,
    })
    const { status, body } = await admin.ask('GET', '/api/upstreams/bank/health')
    expect(status).toBe(200)
    const common = { at: 5_000, snapshot: 7, since: 1_000 }
    expect(body).toEqual({
      id: bank.id,
      name: 'bank',
      silentGateways: ['gw-2'],
      targets: [
        {
          id: 'a',
          url: targets[0]!.url,
          inFlight: 5,
          gateways: [
            { gatewayId: 'gw-1', ...common, ...sick },
            { gatewayId: 'gw-2', ...common, state: 'healthy', reason: '', until: null, inFlight: 2 },
          ],
        },
        { id: 'b', url: targets[1]!.url, inFlight: 0, gateways: [] },
        { id: 'gone', url: null, inFlight: 1, gateways: [expect.objectContaining({ inFlight: 1 })] },
      ],
    })
  })

  test('needs a token that may read, and an upstream that exists', async () => {
    expect((await admin.ask('GET', '/api/upstreams/bank/health', { token: null })).status).toBe(401)
    expect((await admin.ask('GET', '/api/upstreams/nobody/health')).status).toBe(404)
  })

  test('does not swell the list of gateways', async () => {
    const { items } = (await admin.ask('GET', '/api/gateways')).body
    expect(items.map((item: object) => Object.keys(item).sort())).toEqual(
      Array.from({ length: 2 }, () => ['gatewayId', ...Object.keys(heartbeat)].sort()),
    )
  })
})
