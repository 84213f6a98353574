import { type Command, Option } from 'commander'
import type { ClientSettings } from '../../../registry/oauth-model.ts'
import { dateOrNever, wholeNumber } from '../arguments.ts'
import { addClientOptions, type ClientOptions, merged, settingsFrom } from '../client-options.ts'
import { connect, type Io } from '../io.ts'
import { type CredentialView, requireApplication } from '../look-up.ts'
import { fields, print } from '../output.ts'
import { headOf, type NewCredential, shown } from '../show-credential.ts'
import { addRegistrationTokenCommands } from './registration-token.ts'

interface Options extends ClientOptions {
  readonly environment: string
  readonly title?: string
  readonly scope?: string[]
  readonly allScopes?: boolean
  readonly expires?: number | null
  readonly tokenLifetime?: number
}

const examples = {
  create: `
A client that proves itself by a secret is shown it once. One with keys or a certificate has none.

Examples:
  gatewayctl client create acme/checkout --environment live --title "web shop"
  gatewayctl client create acme/checkout --profile fapi2 --authentication private_key_jwt --jwks public.json \\
    --sender-constraint dpop --grant authorization_code refresh_token --redirect-uri https://shop.example/back
  gatewayctl client create acme/app --authentication none --grant authorization_code refresh_token \\
    --redirect-uri com.example.app:/back
  gatewayctl client create acme/batch --authentication self_signed_tls_client_auth --certificate client.pem \\
    --sender-constraint certificate`,
  update: `
What is not given stays. Lists are replaced whole. A change of profile, authentication or sender constraint ends the
tokens that the client got before.

Examples:
  gatewayctl client update cred_01… --redirect-uri https://shop.example/back --redirect-uri https://shop.example/pay
  gatewayctl client update cred_01… --jwks new-keys.json
  gatewayctl client update cred_01… --all-scopes --expires never`,
}

/** What is done to OAuth clients only; see `credential.ts` for what they have in common with API keys. */
export function addClientCommands(client: Command, io: Io): void {
  addRegistrationTokenCommands(client, io)
  addClientOptions(
    withCommonOptions(
      client
        .command('create <application>')
        .description('make an OAuth client of an application (<partner>/<name>)')
        .addOption(
          new Option('--environment <name>', 'which upstream its calls reach')
            .choices(['sandbox', 'live'])
            .default('sandbox'),
        ),
    ),
  )
    .addHelpText('after', examples.create)
    .action(async (application: string, options: Options, command: Command) => {
      const oauth = (await settingsFrom(io, options)) ?? null
      const api = await connect(io, command)
      const { id } = (await requireApplication(api, application)).body
      const { environment } = options
      const input = { kind: 'oauth-client', environment, ...commonFrom(options), oauth }
      const { body } = await api.post<NewCredential>(`/api/applications/${id}/credentials`, input)
      print(io, command, body, () => shown(body, describeClient(body.credential)))
    })

  client
    .command('show <credential>')
    .description('show an OAuth client with its settings; never its secrets')
    .addHelpText('after', '\nExamples:\n  gatewayctl client show cred_01…')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { body } = await (await connect(io, command)).get<CredentialView>(pathOf(id))
      print(io, command, body, () => describeClient(body))
    })

  addClientOptions(
    withCommonOptions(client.command('update <credential>').description('change an OAuth client')),
  )
    .addHelpText('after', examples.update)
    .action(async (id: string, options: Options, command: Command) => {
      const given = await settingsFrom(io, options)
      const api = await connect(io, command)
      const { body: before, etag } = await api.get<CredentialView>(pathOf(id))
      const oauth = given === undefined ? before.oauth : merged(before.oauth, given)
      const input = { ...before, ...commonFrom(options), oauth }
      const { body } = await api.put<CredentialView>(pathOf(id), input, etag)
      print(io, command, body, () => describeClient(body))
    })
}

const pathOf = (id: string) => `/api/credentials/${encodeURIComponent(id)}`

function withCommonOptions(command: Command): Command {
  return command
    .option('--title <text>', 'what it is for')
    .option('--scope <scopes...>', 'only these scopes')
    .option('--all-scopes', 'all scopes of the subscriptions')
    .option('--expires <date>', 'when it ends by itself, e.g. 2027-01-31, or never', dateOrNever)
    .option('--token-lifetime <seconds>', 'how long its access tokens live', wholeNumber)
}

function commonFrom({ title, scope, allScopes, expires, tokenLifetime }: Options): object {
  return {
    ...(title !== undefined && { title }),
    ...(scope !== undefined && { scopes: scope }),
    ...(allScopes && { scopes: null }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(tokenLifetime !== undefined && { tokenLifetimeSeconds: tokenLifetime }),
  }
}

function describeClient(c: CredentialView): string {
  const more = {
    title: c.title || '-',
    scopes: c.scopes === null ? 'all of the subscriptions' : c.scopes.join(' '),
    'token lifetime': `${c.tokenLifetimeSeconds} s`,
  }
  return fields({ ...headOf(c), ...more, ...(c.oauth && settingFields(c.oauth)) })
}

function settingFields(oauth: ClientSettings): Record<string, string> {
  const { jwks, jwksUri, certificateName, certificateThumbprints } = oauth
  const [name] = Object.entries(certificateName ?? {}).filter(([, value]) => value !== undefined)
  return {
    profile: oauth.profile,
    grants: oauth.grants.join(', '),
    authentication: oauth.authentication,
    'sender constraint': oauth.senderConstraint,
    'redirect URIs': oauth.redirectUris.join(', ') || '-',
    ...(jwks && { keys: jwks.keys.map((key) => `${key.kty} ${key.kid ?? 'without kid'}`).join(', ') }),
    ...(jwksUri !== null && { 'keys at': jwksUri }),
    ...(name && { 'certificate name': `${name[0]} ${name[1]}` }),
    ...(certificateThumbprints.length > 0 && { certificates: certificateThumbprints.join(', ') }),
    ...(oauth.authorizationDetailsTypes.length > 0 && {
      'authorization details': oauth.authorizationDetailsTypes.join(', '),
    }),
    ...(oauth.grants.includes('authorization_code') && {
      'allowed for': `${oauth.refreshLifetimeSeconds} s`,
    }),
    ...(oauth.isResourceServer && { introspects: 'every token of its environment' }),
  }
}
