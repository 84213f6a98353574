import { z } from 'zod'
import { listGateways } from '../../registry/gateways.ts'
import { currentNumber } from '../../registry/snapshot.ts'
import type { Metrics } from '../metrics.ts'
import { type AnyRoute, route } from '../route.ts'
import { Heartbeat } from './schemas.ts'

const Status = z.object({
  snapshot: z.int().describe('Number of the snapshot that gateways should serve.'),
  gateways: z.object({
    alive: z.int().describe('Gateways heard of in the last minute.'),
    upToDate: z.int().describe('Those of them that serve this snapshot.'),
  }),
  store: z.object({ latencyMs: z.number().describe('Time of one look-up in Redis, as seen from here.') }),
})

export const statusRoutes = [
  route({
    id: 'getStatus',
    method: 'get',
    path: '/api/status',
    tag: 'Platform',
    summary: 'How the platform is: the snapshot, who serves it, and the store.',
    permission: 'read',
    answer: { status: 200, schema: Status },
    async handle({ registry }) {
      const startedAt = performance.now()
      const snapshot = await currentNumber(registry)
      const latencyMs = Math.round((performance.now() - startedAt) * 100) / 100
      const gateways = await listGateways(registry)
      const upToDate = gateways.filter((g) => g.snapshot === snapshot).length
      return { body: { snapshot, gateways: { alive: gateways.length, upToDate }, store: { latencyMs } } }
    },
  }),
  route({
    id: 'listGateways',
    method: 'get',
    path: '/api/gateways',
    tag: 'Platform',
    summary: 'Lists the gateways by their last heartbeats.',
    permission: 'read',
    answer: { status: 200, schema: z.object({ items: z.array(Heartbeat) }) },
    description: 'How they find the targets of an upstream: `/api/upstreams/{upstream}/health`.',
    async handle({ registry }) {
      const gateways = await listGateways(registry)
      return { body: { items: gateways.map(({ targets, unlistedTargets, ...gateway }) => gateway) } }
    },
  }),
]

/** For probes and scrapers. */
export function probeRoutes(metrics: Metrics): AnyRoute[] {
  return [
    route({
      id: 'healthz',
      method: 'get',
      path: '/healthz',
      tag: 'Probes',
      summary: 'Answers as long as the process lives.',
      permission: 'public',
      answer: { status: 200, types: ['text/plain'] },
      handle: async () => ({ raw: { type: 'text/plain; charset=utf-8', bytes: 'ok\n' } }),
    }),
    route({
      id: 'readyz',
      method: 'get',
      path: '/readyz',
      tag: 'Probes',
      summary: 'Answers 200 while the store can be reached.',
      permission: 'public',
      answer: { status: 200, types: ['text/plain'] },
      refuses: ['store-unavailable'],
      async handle({ registry }) {
        await currentNumber(registry)
        return { raw: { type: 'text/plain; charset=utf-8', bytes: 'ready\n' } }
      },
    }),
    route({
      id: 'metrics',
      method: 'get',
      path: '/metrics',
      tag: 'Probes',
      summary: 'Numbers for Prometheus.',
      // The gateway has a private port for this. The admin service has the one port that people reach, and what it is
      // asked for is nobody else's business: the scraper is given a token with `read` (`authorization` in its config).
      permission: 'read',
      answer: { status: 200, types: ['text/plain'] },
      async handle({ registry }) {
        const isUp = await currentNumber(registry).then(
          () => 1,
          () => 0,
        )
        metrics.isStoreUp.set(isUp)
        return { raw: { type: metrics.contentType, bytes: await metrics.text() } }
      },
    }),
  ]
}
