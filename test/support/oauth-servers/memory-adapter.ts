/** Where oidc-provider keeps its things in a test: plain maps, one set for each server. */
export function memoryAdapter(clients: ReadonlyMap<string, object>) {
  const things = new Map<string, Record<string, unknown>>()
  const byGrant = new Map<string, Set<string>>()
  return (model: string) => ({
    async upsert(id: string, payload: Record<string, unknown>) {
      const key = `${model}:${id}`
      things.set(key, payload)
      const grantId = payload.grantId as string | undefined
      if (grantId === undefined) return
      if (!byGrant.has(grantId)) byGrant.set(grantId, new Set())
      byGrant.get(grantId)!.add(key)
    },
    async find(id: string) {
      return (model === 'Client' && clients.get(id)) || things.get(`${model}:${id}`)
    },
    async findByUid(uid: string) {
      return [...things.values()].find((thing) => thing.kind === 'Session' && thing.uid === uid)
    },
    async findByUserCode() {
      return undefined
    },
    async consume(id: string) {
      things.get(`${model}:${id}`)!.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id: string) {
      things.delete(`${model}:${id}`)
    },
    async revokeByGrantId(grantId: string) {
      // What belongs to a grant goes; the grant itself is another thing, and oidc-provider ends it by itself.
      for (const key of byGrant.get(grantId) ?? []) if (!key.startsWith('Grant:')) things.delete(key)
    },
  })
}
