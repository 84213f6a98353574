import { queryOptions } from '@tanstack/react-query'
import { api, dataOf, type Schemas, type Versioned, versioned } from '../../api/client.ts'

export type Upstream = Schemas['Upstream']
export type Target = Upstream['targets'][number]
export type UpstreamHealth = Schemas['UpstreamHealth']
export type TargetHealth = UpstreamHealth['targets'][number]
export type NodeHealth = TargetHealth['gateways'][number]

export const upstreamsQuery = queryOptions({
  queryKey: ['upstreams'],
  queryFn: () => dataOf(api.GET('/api/upstreams', { params: { query: { limit: 200 } } })),
})

export const readUpstream = (upstream: string): Promise<Versioned<Upstream>> =>
  versioned(api.GET('/api/upstreams/{upstream}', { params: { path: { upstream } } }))

export const upstreamQuery = (upstream: string) =>
  queryOptions({ queryKey: ['upstreams', upstream], queryFn: () => readUpstream(upstream) })

/** What each gateway says of the targets; gateways report every two seconds. */
export const healthQuery = (upstream: string) =>
  queryOptions({
    queryKey: ['upstreams', upstream, 'health'],
    queryFn: () => dataOf(api.GET('/api/upstreams/{upstream}/health', { params: { path: { upstream } } })),
    refetchInterval: 2_000,
  })

export const saveUpstream = (value: Upstream, etag: string) =>
  versioned(
    api.PUT('/api/upstreams/{upstream}', {
      params: { path: { upstream: value.id }, header: { 'If-Match': etag } },
      body: value,
    }),
  )

const publish = (upstream: string, dryRun: boolean) =>
  dataOf(api.POST('/api/publish', { body: { upstreams: [upstream], dryRun } }))

export const publishUpstream = (upstream: string) => publish(upstream, false)

/** What of the draft gateways do not know yet. @param etag of the draft */
export const waitingQuery = (upstream: string, etag: string) =>
  queryOptions({
    queryKey: ['upstreams', upstream, 'waiting', etag],
    queryFn: async () => {
      const { diff } = await publish(upstream, true)
      const entry = diff.entries.find(({ id }) => id === upstream)
      if (!entry) return []
      if (entry.change === 'added') return [{ path: '', before: undefined, after: entry.name }]
      return entry.fields.map(({ pointer, before, after }) => ({
        path: pointer.slice(1).replaceAll('/', '.'),
        before,
        after,
      }))
    },
  })
