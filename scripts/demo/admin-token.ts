import { createAdminToken } from '../../registry/admin-tokens.ts'
import type { Config } from '../../registry/base/config.ts'
import { createLog } from '../../registry/base/log.ts'
import { closeRedis } from '../../registry/redis.ts'
import { openRegistry } from '../../registry/store.ts'

/** The first admin token cannot come from the admin API, which asks for one; it is made on the machine itself. */
export async function makeFirstAdminToken(config: Config): Promise<string> {
  const registry = openRegistry(config, createLog('demo', 'silent'))
  try {
    const made = await createAdminToken(
      registry,
      { id: 'bootstrap' },
      { title: 'npm start', permissions: ['admin'], expiresAt: null },
    )
    return made.secret
  } finally {
    await closeRedis(registry.redis)
  }
}
