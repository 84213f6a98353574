import { type Command, Option } from 'commander'
import { AuthorizationDetailsType, ClientProfile } from '../../../registry/oauth-model.ts'
import type { RegistrationToken } from '../../../registry/registration-tokens.ts'
import { wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { requireApplication } from '../look-up.ts'
import { print, secretNote, table, time } from '../output.ts'

interface Options {
  readonly environment: string
  readonly profile: string
  readonly scope?: string[]
  readonly detailsType?: string[]
  readonly uses: number
  readonly lifetime: number
}
type Listed = RegistrationToken & { readonly usesLeft: number }

const examples = `
Examples:
  gatewayctl client registration-token create acme/checkout --profile fapi2 --uses 3
  gatewayctl client registration-token list acme/checkout
  gatewayctl client registration-token revoke acme/checkout rgt_01…`

/** With an initial access token a partner registers clients itself (RFC 7591). */
export function addRegistrationTokenCommands(client: Command, io: Io): void {
  const group = client
    .command('registration-token')
    .description('tokens with which a partner registers OAuth clients itself')
    .addHelpText('after', examples)

  group
    .command('create <application>')
    .description('make an initial access token for an application (<partner>/<name>); it is shown once')
    .addOption(
      new Option('--environment <name>', 'which upstream calls of the clients reach')
        .choices(['sandbox', 'live'])
        .default('sandbox'),
    )
    .addOption(
      new Option('--profile <name>', 'what every client registered with it is held to')
        .choices(ClientProfile.options)
        .default('standard'),
    )
    .option('--scope <scopes...>', 'most that a client may register for; default: all of the application')
    .addOption(
      new Option('--details-type <types...>', 'authorization_details that a client may register for').choices(
        AuthorizationDetailsType.options,
      ),
    )
    .option('--uses <count>', 'how many clients may be registered', wholeNumber, 1)
    .option('--lifetime <seconds>', 'how long it can be used', wholeNumber, 86_400)
    .addHelpText('after', examples)
    .action(async (application: string, options: Options, command: Command) => {
      const api = await connect(io, command)
      const { environment, profile, uses, lifetime: lifetimeSeconds } = options
      const { scope: scopes = null, detailsType: authorizationDetailsTypes = [] } = options
      const { body } = await api.post<{ id: string; token: string; expiresAt: number }>(
        await pathOf(api, application),
        { environment, profile, scopes, authorizationDetailsTypes, uses, lifetimeSeconds },
      )
      print(io, command, body, () =>
        secretNote(`initial access token ${body.id} until ${time(body.expiresAt)}`, body.token),
      )
    })

  group
    .command('list <application>')
    .description('list the initial access tokens of an application that have not ended')
    .addHelpText('after', examples)
    .action(async (application: string, _options: unknown, command: Command) => {
      const api = await connect(io, command)
      const { items } = (await api.get<{ items: Listed[] }>(await pathOf(api, application))).body
      print(io, command, items, () => listed(items))
    })

  group
    .command('revoke <application> <id>')
    .description('take an initial access token back; the clients that were registered with it stay')
    .addHelpText('after', examples)
    .action(async (application: string, id: string, _options: unknown, command: Command) => {
      const api = await connect(io, command)
      await api.post(`${await pathOf(api, application)}/${encodeURIComponent(id)}/revoke`)
      print(io, command, { id, isRevoked: true }, () => `${id} is taken back.`)
    })
}

const pathOf = async (api: Awaited<ReturnType<typeof connect>>, application: string) =>
  `/api/applications/${(await requireApplication(api, application)).body.id}/registration-tokens`

function listed(items: readonly Listed[]): string {
  const rows = items.map((t) => [
    t.id,
    t.environment,
    t.profile,
    t.scopes?.join(' ') ?? 'all',
    `${t.usesLeft} of ${t.uses}`,
    time(t.createdAt),
    time(t.expiresAt),
  ])
  return table(['ID', 'ENVIRONMENT', 'PROFILE', 'SCOPES', 'USES LEFT', 'MADE', 'ENDS'], rows)
}
