import { createAdminToken, listAdminTokens, type ShownAdminToken } from '../../registry/admin-tokens.ts'
import { type Config, ConfigError, loadConfig } from '../../registry/base/config.ts'
import { createLog } from '../../registry/base/log.ts'
import { findPersonByEmail, invite } from '../../registry/people.ts'
import { Email } from '../../registry/people-model.ts'
import { closeRedis } from '../../registry/redis.ts'
import { rewrapSecrets } from '../../registry/sealed.ts'
import { openRegistry, type Registry } from '../../registry/store.ts'
import { verifyRegistry } from '../../registry/verify.ts'
import { invitationLink } from '../accounts/links.ts'
import { consoleOrigin } from '../accounts/origin.ts'
import type { Io } from './io.ts'

/** Work on the store itself, by the settings of the machine. Each function opens the registry and closes it again. */

const actor = { id: 'bootstrap' }

/** Makes an admin token. @throws Error when there is a live one and it is not forced */
export async function bootstrap(io: Io, title: string, isForced: boolean) {
  return withRegistry(io, async (registry) => {
    if (!isForced && (await hasLiveToken(registry)))
      throw new Error('There is an admin token already. Use that one, or make another with --force.')
    const { token, secret } = await createAdminToken(registry, actor, { title, permissions: ['admin'] })
    return { token: token.value, secret }
  })
}

/** Invites an owner of the platform. @returns the link that works once @throws Error when the address is none, or taken */
export async function inviteOwner(io: Io, email: string, console?: string): Promise<string> {
  const parsed = Email.safeParse(email)
  if (!parsed.success) throw new Error(`"${email}" is no e-mail address.`)
  const origin = new URL(console ?? consoleOrigin(configOf(io), `localhost:${configOf(io).ADMIN_PORT}`))
    .origin
  return withRegistry(io, async (registry) => {
    if (await findPersonByEmail(registry, parsed.data))
      throw new Error('Somebody has this e-mail address already. Owners change roles in the console.')
    const given = { email: parsed.data, roles: ['platform-owner' as const], membership: null }
    return invitationLink(origin, (await invite(registry, actor, given)).token)
  })
}

export const rewrap = (io: Io) => withRegistry(io, (registry) => rewrapSecrets(registry, actor))

export const verify = (io: Io) => withRegistry(io, verifyRegistry)

async function withRegistry<T>(io: Io, work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = openRegistry(configOf(io), createLog('gatewayctl', 'silent'))
  try {
    return await work(registry)
  } finally {
    await closeRedis(registry.redis)
  }
}

function configOf(io: Io): Config {
  try {
    return loadConfig(io.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new Error(`The settings are not valid:\n${error.message}`)
  }
}

async function hasLiveToken(registry: Registry): Promise<boolean> {
  const now = registry.now()
  const isLive = ({ revokedAt, expiresAt }: ShownAdminToken) =>
    revokedAt === null && (expiresAt === null || expiresAt > now)
  let after: string | undefined
  do {
    const page = await listAdminTokens(registry, { limit: 200, ...(after === undefined ? {} : { after }) })
    if (page.items.some(({ value }) => isLive(value))) return true
    after = page.next ?? undefined
  } while (after !== undefined)
  return false
}
