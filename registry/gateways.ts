import { Heartbeat } from './model.ts'
import { guarded } from './redis.ts'
import { parseStored, type Registry, replies } from './store.ts'

/** After this much silence a gateway counts as gone. */
const silenceMs = 60_000

/**
 * Says that a gateway is there and what it serves.
 * @returns how many gateways there are @throws Problem store-unavailable
 */
export async function beat(r: Registry, heartbeat: Heartbeat): Promise<number> {
  const now = await timeOf(r)
  const pipeline = r.redis
    .pipeline()
    .set(r.keys.heartbeat(heartbeat.gatewayId), JSON.stringify(heartbeat), 'PX', silenceMs)
    .zadd(r.keys.heartbeats(), now, heartbeat.gatewayId)
    .zremrangebyscore(r.keys.heartbeats(), '-inf', now - silenceMs)
    .zcard(r.keys.heartbeats())
  const [, , , count] = await replies<unknown>(pipeline.exec())
  return count as number
}

/** The gateways heard of within the last 60 s, by id. @throws Problem store-unavailable */
export async function listGateways(r: Registry): Promise<Heartbeat[]> {
  const ids = await guarded(r.redis.zrangebyscore(r.keys.heartbeats(), (await timeOf(r)) - silenceMs, '+inf'))
  if (ids.length === 0) return []
  const kept = await guarded(r.redis.mget(ids.sort().map((id) => r.keys.heartbeat(id))))
  return kept.flatMap((json) => (json === null ? [] : [parseStored(Heartbeat, json, 'heartbeat')]))
}

/** What each gateway says of the targets of an upstream, by the gateway's id. @throws Problem store-unavailable */
export async function upstreamHealth(r: Registry, upstreamId: string): Promise<NodeReport[]> {
  return (await listGateways(r)).map(({ gatewayId, at, snapshot, targets, unlistedTargets }) => ({
    gatewayId,
    at,
    snapshot,
    unlistedTargets,
    targets: targets.filter((t) => t.upstreamId === upstreamId),
  }))
}

type NodeReport = Pick<Heartbeat, 'gatewayId' | 'at' | 'snapshot' | 'unlistedTargets' | 'targets'>

/** ms since the epoch by the clock of Redis: a gateway whose own is wrong must neither vanish nor make others vanish. */
async function timeOf(r: Registry): Promise<number> {
  const [seconds, micros] = await guarded(r.redis.time())
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
