import { type Command, Option } from 'commander'
import { date, wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { type CredentialView, requireApplication } from '../look-up.ts'
import { print, table, time } from '../output.ts'
import { describe, hints, type NewCredential, shown, stateOf } from '../show-credential.ts'
import { addClientCommands } from './client.ts'

interface Options {
  readonly environment: string
  readonly title?: string
  readonly scope?: string[]
  readonly expires?: number
  readonly overlap: number
  readonly endTokens?: boolean
}

export function addCredentialCommands(program: Command, io: Io): void {
  const key = program.command('key').description('API keys (list and revoke: OAuth clients too)')
  const client = program
    .command('client')
    .description('OAuth clients, for access tokens (list and revoke them with `key`)')
  addCreate(key, io)
  addClientCommands(client, io)
  addRotate(key, io, 'key rotate')
  addRotate(client, io, 'client rotate')

  key
    .command('revoke <credential>')
    .description('end a credential for good, at every gateway, within a second')
    .addHelpText('after', '\nExamples:\n  gatewayctl key revoke cred_01…')
    .action(async (id: string, _options: unknown, command: Command) => {
      const path = `/api/credentials/${encodeURIComponent(id)}/revoke`
      const { body } = await (await connect(io, command)).post<CredentialView>(path)
      print(io, command, body, () => describe(body))
    })

  key
    .command('list <application>')
    .description('list the credentials of an application (<partner>/<name>)')
    .addHelpText('after', '\nExamples:\n  gatewayctl key list acme/checkout')
    .action(async (application: string, _options: unknown, command: Command) => {
      const api = await connect(io, command)
      const { id } = (await requireApplication(api, application)).body
      const items = await api.all<CredentialView>(`/api/applications/${id}/credentials`)
      const rows = items.map((c) => [
        c.id,
        c.kind,
        c.environment,
        hints(c),
        stateOf(c),
        time(c.lastUsedAt),
        c.title,
      ])
      print(io, command, items, () =>
        table(['ID', 'KIND', 'ENVIRONMENT', 'SECRETS', 'STATE', 'LAST USED', 'TITLE'], rows),
      )
    })
}

function addCreate(group: Command, io: Io): void {
  group
    .command('create <application>')
    .description('make an API key of an application (<partner>/<name>); it is shown once')
    .addOption(
      new Option('--environment <name>', 'which upstream its calls reach')
        .choices(['sandbox', 'live'])
        .default('sandbox'),
    )
    .option('--title <text>', 'what it is for')
    .option('--scope <scopes...>', 'only these scopes; default: all of the subscriptions')
    .option('--expires <date>', 'when it ends by itself, e.g. 2027-01-31', date)
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl key create acme/checkout --environment live --title "web shop"',
    )
    .action(async (application: string, options: Options, command: Command) => {
      const api = await connect(io, command)
      const { id } = (await requireApplication(api, application)).body
      const { environment, title, scope: scopes = null, expires: expiresAt = null } = options
      const input = { kind: 'api-key', environment, title, scopes, expiresAt }
      const { body } = await api.post<NewCredential>(`/api/applications/${id}/credentials`, input)
      print(io, command, body, () => shown(body))
    })
}

function addRotate(group: Command, io: Io, name: string): void {
  const command = group
    .command('rotate <credential>')
    .description('give a credential a new secret, shown once')
    .option(
      '--overlap <seconds>',
      'how long the older secrets stay good; 0 ends them at once',
      wholeNumber,
      86_400,
    )
    .addHelpText('after', `\nExamples:\n  gatewayctl ${name} cred_01… --overlap 3600`)
    .action(async (id: string, { overlap, endTokens }: Options, command: Command) => {
      const path = `/api/credentials/${encodeURIComponent(id)}/rotate`
      const input = { overlapSeconds: overlap, ...(endTokens && { endTokens }) }
      const { body } = await (await connect(io, command)).post<NewCredential>(path, input)
      print(io, command, body, () => shown(body))
    })
  if (group.name() === 'client')
    command.option(
      '--end-tokens',
      'the tokens got until now end, too (with --overlap 0): a secret has leaked',
    )
}
