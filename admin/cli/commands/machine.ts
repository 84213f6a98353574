import type { Command } from 'commander'
import { createAdminToken, listAdminTokens } from '../../../registry/admin-tokens.ts'
import { type Config, ConfigError, loadConfig } from '../../../registry/base/config.ts'
import { createLog } from '../../../registry/base/log.ts'
import { closeRedis } from '../../../registry/redis.ts'
import { rewrapSecrets } from '../../../registry/sealed.ts'
import { openRegistry, type Registry } from '../../../registry/store.ts'
import { verifyRegistry } from '../../../registry/verify.ts'
import type { Io } from '../io.ts'
import { fields, print, secretNote } from '../output.ts'

const onMachine =
  '\nWorks on Redis itself, with the settings of this machine (REDIS_URL, SECRETS_…).\n\nExamples:\n'
const actor = { id: 'bootstrap' }

/** The commands that need no admin service: they use the store itself, by the settings of the machine they run on. */
export function addMachineCommands(program: Command, io: Io): void {
  program
    .command('bootstrap')
    .description('make the first admin token and print it once')
    .option('--force', 'make one although there are live ones')
    .option('--title <text>', 'what it is for', 'first token')
    .addHelpText('after', `${onMachine}  gatewayctl bootstrap`)
    .action(async ({ force, title }: { force?: boolean; title: string }, command: Command) => {
      await withRegistry(io, async (registry) => {
        if (!force && (await hasLiveToken(registry)))
          throw new Error('There is an admin token already. Use that one, or make another with --force.')
        const { token, secret } = await createAdminToken(registry, actor, { title, permissions: ['admin'] })
        print(
          io,
          command,
          { token, secret },
          () => `${fields({ id: token.value.id })}\n\n${secretNote('admin token', secret)}`,
        )
      })
    })

  program
    .command('rewrap')
    .description('seal all kept secrets anew with the first of the seal keys')
    .addHelpText('after', `${onMachine}  SECRETS_SEAL_KEYS=new:…,old:… gatewayctl rewrap`)
    .action(async (_options: unknown, command: Command) => {
      await withRegistry(io, async (registry) => {
        const counts = await rewrapSecrets(registry, actor)
        print(
          io,
          command,
          counts,
          () => `${counts.rewrapped} of ${counts.examined} secrets were sealed anew.`,
        )
      })
    })

  program
    .command('verify')
    .description('check that the records, names and indexes in Redis fit together')
    .addHelpText('after', `${onMachine}  gatewayctl verify`)
    .action(async (_options: unknown, command: Command) => {
      await withRegistry(io, async (registry) => {
        const faults = await verifyRegistry(registry)
        print(io, command, { faults }, () => faults.join('\n') || 'The registry is whole.')
        if (faults.length > 0) throw new Error(`${faults.length} faults were found.`)
      })
    })
}

async function withRegistry(io: Io, work: (registry: Registry) => Promise<void>): Promise<void> {
  const registry = openRegistry(configOf(io), createLog('gatewayctl', 'silent'))
  try {
    await work(registry)
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
  let after: string | undefined
  do {
    const page = await listAdminTokens(registry, { limit: 200, ...(after === undefined ? {} : { after }) })
    const now = registry.now()
    const isLive = ({ revokedAt, expiresAt }: { revokedAt: number | null; expiresAt: number | null }) =>
      revokedAt === null && (expiresAt === null || expiresAt > now)
    if (page.items.some(({ value }) => isLive(value))) return true
    after = page.next ?? undefined
  } while (after !== undefined)
  return false
}
