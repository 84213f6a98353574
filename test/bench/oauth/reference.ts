import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import Provider from 'oidc-provider'

/** oidc-provider as a process of the bench: client credentials, opaque tokens, kept in Redis. */

const { PORT, REDIS_URL, CLIENTS } = process.env
const redis = new Redis(REDIS_URL!)
const nothing = async () => undefined

const adapter = (model: string) => ({
  async upsert(id: string, payload: object, expiresIn: number) {
    await redis.set(`reference:${model}:${id}`, JSON.stringify(payload), 'EX', expiresIn)
  },
  async find(id: string) {
    const json = await redis.get(`reference:${model}:${id}`)
    return json === null ? undefined : JSON.parse(json)
  },
  findByUid: nothing,
  findByUserCode: nothing,
  consume: nothing,
  revokeByGrantId: nothing,
  destroy: (id: string) => redis.del(`reference:${model}:${id}`),
})

// In the store, as ours are: a server whose clients change without a restart looks them up.
for (let i = 0; i < Number(CLIENTS); i++)
  await adapter('Client').upsert(
    `client-${i}`,
    {
      client_id: `client-${i}`,
      client_secret: `secret-of-client-${i}`,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
    86_400,
  )

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  adapter,
  scopes: ['payments:write', 'accounts:read'],
  ttl: { ClientCredentials: 3600 },
  features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
})

createServer(provider.callback()).listen(Number(PORT), '127.0.0.1')
