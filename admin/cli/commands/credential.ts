import { type Command, Option } from 'commander'
import { date, wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { type CredentialView, requireApplication } from '../look-up.ts'
import { fields, print, secretNote, table, time } from '../output.ts'

interface Options {
  readonly environment: string
  readonly title?: string
  readonly scope?: string[]
  readonly expires?: number
  readonly tokenLifetime?: number
  readonly overlap: number
}
interface NewCredential {
  readonly credential: CredentialView
  readonly secret: string
}

export function addCredentialCommands(program: Command, io: Io): void {
  const key = program.command('key').description('API keys (list and revoke: OAuth clients too)')
  const client = program.command('client').description('OAuth clients, for access tokens')
  addCreate(key, io, 'api-key')
  addCreate(client, io, 'oauth-client')
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

function addCreate(group: Command, io: Io, kind: CredentialView['kind']): void {
  const what = kind === 'api-key' ? 'an API key' : 'an OAuth client'
  const command = group
    .command('create <application>')
    .description(`make ${what} of an application (<partner>/<name>); its secret is shown once`)
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
      `\nExamples:\n  gatewayctl ${group.name()} create acme/checkout --environment live --title "web shop"`,
    )
    .action(async (application: string, options: Options, command: Command) => {
      const api = await connect(io, command)
      const { id } = (await requireApplication(api, application)).body
      const { environment, title, scope: scopes = null, expires: expiresAt = null } = options
      const input = {
        kind,
        environment,
        title,
        scopes,
        expiresAt,
        tokenLifetimeSeconds: options.tokenLifetime,
      }
      const { body } = await api.post<NewCredential>(`/api/applications/${id}/credentials`, input)
      print(io, command, body, () => shown(body))
    })
  if (kind === 'oauth-client')
    command.option('--token-lifetime <seconds>', 'how long its access tokens live', wholeNumber)
}

function addRotate(group: Command, io: Io, name: string): void {
  group
    .command('rotate <credential>')
    .description('give a credential a new secret, shown once')
    .option(
      '--overlap <seconds>',
      'how long the older secrets stay good; 0 ends them at once',
      wholeNumber,
      86_400,
    )
    .addHelpText('after', `\nExamples:\n  gatewayctl ${name} cred_01… --overlap 3600`)
    .action(async (id: string, { overlap }: Options, command: Command) => {
      const path = `/api/credentials/${encodeURIComponent(id)}/rotate`
      const input = { overlapSeconds: overlap }
      const { body } = await (await connect(io, command)).post<NewCredential>(path, input)
      print(io, command, body, () => shown(body))
    })
}

function shown({ credential, secret }: NewCredential): string {
  const name = credential.kind === 'api-key' ? 'API key' : `client id      ${credential.id}\nclient secret`
  return `${describe(credential)}\n\n${secretNote(name, secret)}`
}

const describe = (c: CredentialView) =>
  fields({ id: c.id, kind: c.kind, environment: c.environment, state: stateOf(c), secrets: hints(c) })

const hints = (c: CredentialView) =>
  c.secrets.map((s) => s.hint + (s.expiresAt === null ? '' : ` until ${time(s.expiresAt)}`)).join(', ')

function stateOf({ revokedAt, expiresAt }: CredentialView): string {
  if (revokedAt !== null) return `revoked ${time(revokedAt)}`
  return expiresAt === null ? 'live' : `until ${time(expiresAt)}`
}
