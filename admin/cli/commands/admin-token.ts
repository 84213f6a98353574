import type { Command } from 'commander'
import type { AdminToken } from '../../../registry/model.ts'
import { date } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { fields, print, secretNote, table, time } from '../output.ts'

type Shown = Omit<AdminToken, 'hash'>
interface Options {
  readonly permission: string[]
  readonly expires?: number
}

export function addAdminTokenCommands(program: Command, io: Io): void {
  const group = program.command('admin-token').description('tokens for this tool and for scripts')

  group
    .command('create <title>')
    .description('make an admin token; it is shown once')
    .requiredOption('--permission <names...>', 'read, write, publish, credentials or admin (all of them)')
    .option('--expires <date>', 'when it ends by itself, e.g. 2027-01-31', date)
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl admin-token create "deploy script" --permission read write publish',
    )
    .action(async (title: string, { permission, expires }: Options, command: Command) => {
      const input = { title, permissions: permission, expiresAt: expires ?? null }
      const client = await connect(io, command)
      const { body } = await client.post<{ token: Shown; secret: string }>('/api/admin-tokens', input)
      const { id, permissions } = body.token
      print(io, command, body, () =>
        [
          fields({ id, title, permissions: permissions.join(' ') }),
          '',
          secretNote('admin token', body.secret),
        ].join('\n'),
      )
    })

  group
    .command('list')
    .description('list the admin tokens, revoked ones too')
    .addHelpText('after', '\nExamples:\n  gatewayctl admin-token list')
    .action(async (_options: unknown, command: Command) => {
      const items = await (await connect(io, command)).all<Shown>('/api/admin-tokens')
      const rows = items.map((t) => [t.id, t.title, t.permissions.join(' '), t.hint, stateOf(t)])
      print(io, command, items, () => table(['ID', 'TITLE', 'PERMISSIONS', 'HINT', 'STATE'], rows))
    })

  group
    .command('revoke <id>')
    .description('end an admin token for good, at once')
    .addHelpText('after', '\nExamples:\n  gatewayctl admin-token revoke adm_01…')
    .action(async (id: string, _options: unknown, command: Command) => {
      await (await connect(io, command)).post(`/api/admin-tokens/${encodeURIComponent(id)}/revoke`)
      print(io, command, { id, isRevoked: true }, () => `${id} is revoked.`)
    })
}

function stateOf({ revokedAt, expiresAt }: Shown): string {
  if (revokedAt !== null) return `revoked ${time(revokedAt)}`
  return expiresAt === null ? 'live' : `until ${time(expiresAt)}`
}
