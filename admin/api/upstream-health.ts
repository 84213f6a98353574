import { z } from 'zod'
import { upstreamHealth } from '../../registry/gateways.ts'
import { TargetReport } from '../../registry/upstream-health.ts'
import { getUpstream } from '../../registry/upstreams.ts'
import { route } from '../route.ts'

const NodeHealth = z.object({
  gatewayId: z.string(),
  at: z.int().describe('When it said so, in ms since the epoch.'),
  snapshot: z.int().describe('The snapshot that it serves.'),
  ...TargetReport.omit({ upstreamId: true, target: true }).shape,
})

const UpstreamHealth = z
  .object({
    id: z.string(),
    name: z.string(),
    targets: z.array(
      z.object({
        id: z.string(),
        url: z
          .string()
          .nullable()
          .describe('As in the draft; `null`: the draft has no such target any more.'),
        inFlight: z.int().describe('Calls in flight to it, over all gateways.'),
        gateways: z
          .array(NodeHealth)
          .describe(
            'What each gateway says; one is missing that does not serve the target, or had no room for it.',
          ),
      }),
    ),
    silentGateways: z
      .array(z.string())
      .describe('Gateways that had no room to tell of all of their targets; see their metrics.'),
  })
  .meta({ id: 'UpstreamHealth' })

export const upstreamHealthRoutes = [
  route({
    id: 'getUpstreamHealth',
    method: 'get',
    path: '/api/upstreams/{upstream}/health',
    tag: 'Upstreams',
    summary:
      'Shows how every gateway finds the targets of an upstream: state, reason, since when, calls in flight.',
    description:
      'Gateways report every two seconds. A drained target is free to be stopped when it has no call in flight.',
    permission: 'read',
    answer: { status: 200, schema: UpstreamHealth },
    async handle({ registry, params }) {
      const { value: upstream } = await getUpstream(registry, params.upstream)
      const nodes = await upstreamHealth(registry, upstream.id)
      const ids = new Set([
        ...upstream.targets.map(({ id }) => id),
        ...nodes.flatMap(({ targets }) => targets.map(({ target }) => target)),
      ])
      const targets = [...ids].map((id) => {
        const gateways = nodes.flatMap(({ gatewayId, at, snapshot, targets }) =>
          targets
            .filter(({ target }) => target === id)
            .map(({ upstreamId, target, ...report }) => ({ gatewayId, at, snapshot, ...report })),
        )
        const url = upstream.targets.find((t) => t.id === id)?.url ?? null
        return { id, url, inFlight: gateways.reduce((sum, g) => sum + g.inFlight, 0), gateways }
      })
      const silent = nodes.filter(({ unlistedTargets }) => unlistedTargets > 0)
      return {
        body: {
          id: upstream.id,
          name: upstream.name,
          targets,
          silentGateways: silent.map(({ gatewayId }) => gatewayId),
        },
      }
    },
  }),
]
