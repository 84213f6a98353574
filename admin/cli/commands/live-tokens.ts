import type { Command } from 'commander'
import type { LiveAuthorization, LivePage, LiveToken } from '../../../registry/live-tokens.ts'
import { wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { requireApplication } from '../look-up.ts'
import { print, table, time } from '../output.ts'

interface ListOptions {
  readonly client?: string
  readonly subject?: string
  readonly authorizations?: boolean
  readonly limit: number
  readonly after?: string
}
interface EndOptions {
  readonly client?: string
  readonly all?: boolean
}

const endExamples = `
A token or an authorization by its id, all of a client, or all of an application. It takes effect at every gateway within
a second. A client can get new ones: to stop it for good, revoke it (\`gatewayctl key revoke\`).

Examples:
  gatewayctl token end acme/checkout 1790000000000-Jx0aVb2PqLr8sT1k
  gatewayctl token end acme/checkout fam_01…
  gatewayctl token end --client cred_01…
  gatewayctl token end acme/checkout --all`

/** Which tokens of an application live, and their end. */
export function addLiveTokenCommands(token: Command, io: Io): void {
  token
    .command('list <application>')
    .description('list the access tokens of an application (<partner>/<name>) that work')
    .option('--client <credential>', 'only of this OAuth client')
    .option('--subject <person>', 'only of this person')
    .option('--authorizations', 'what people have allowed, instead of access tokens')
    .option('--limit <count>', 'most that are shown, up to 200', wholeNumber, 50)
    .option('--after <place>', 'where to go on, as the list before said')
    .addHelpText('after', '\nExamples:\n  gatewayctl token list acme/checkout --client cred_01…')
    .action(async (application: string, options: ListOptions, command: Command) => {
      const api = await connect(io, command)
      const { id } = (await requireApplication(api, application)).body
      const { client: credential, subject, after, limit } = options
      const query = Object.entries({ credential, subject, after, limit: String(limit) })
      const search = new URLSearchParams(query.filter((entry): entry is [string, string] => !!entry[1]))
      const base = `/api/applications/${id}`
      if (options.authorizations) {
        const { body } = await api.get<LivePage<LiveAuthorization>>(`${base}/authorizations?${search}`)
        return print(io, command, body, () => authorizationTable(body))
      }
      const { body } = await api.get<LivePage<LiveToken>>(`${base}/tokens?${search}`)
      print(io, command, body, () => tokenTable(body))
    })

  token
    .command('end [application] [id]')
    .description('end tokens, or what people have allowed, at every gateway')
    .option('--client <credential>', 'all of this OAuth client')
    .option('--all', 'all of the application')
    .addHelpText('after', endExamples)
    .action(async (application: string | undefined, id: string | undefined, options: EndOptions, command) => {
      const { client, all } = options
      const ways = [client !== undefined, id !== undefined, all === true].filter(Boolean).length
      if (ways !== 1 || (client === undefined) === (application === undefined))
        command.error('Name an application and an id, an application with --all, or a --client.', {
          exitCode: 2,
        })
      const api = await connect(io, command)
      if (client !== undefined) {
        const { body } = await api.post(`/api/credentials/${encodeURIComponent(client)}/end-tokens`)
        return print(io, command, body, () => `All tokens of ${client} have ended.`)
      }
      const { id: applicationId } = (await requireApplication(api, application!)).body
      const base = `/api/applications/${applicationId}`
      if (all) {
        const { body } = await api.post<{ clients: number }>(`${base}/end-tokens`)
        return print(io, command, body, () => `All tokens of its ${body.clients} OAuth clients have ended.`)
      }
      const collection = id!.startsWith('fam_') ? 'authorizations' : 'tokens'
      await api.post(`${base}/${collection}/${encodeURIComponent(id!)}/end`)
      print(io, command, { id, hasEnded: true }, () => `${id} has ended.`)
    })
}

function tokenTable({ items, next }: LivePage<LiveToken>): string {
  const head = ['ID', 'CLIENT', 'FOR', 'SCOPES', 'BOUND TO', 'ISSUED', 'ENDS']
  const rows = items.map((t) => [
    t.id,
    t.credentialId,
    t.subject ?? 'itself',
    t.scopes.join(' '),
    t.binding ?? '-',
    time(t.issuedAt),
    time(t.expiresAt),
  ])
  return table(head, rows) + more(next)
}

function authorizationTable({ items, next }: LivePage<LiveAuthorization>): string {
  const head = ['ID', 'CLIENT', 'BY', 'SCOPES', 'ALLOWED', 'ENDS']
  const rows = items.map((a) => [
    a.id,
    a.credentialId,
    a.subject,
    a.scopes.join(' '),
    time(a.createdAt),
    time(a.expiresAt),
  ])
  return table(head, rows) + more(next)
}

const more = (next: string | null) => (next === null ? '' : `\nThere may be more: go on with --after ${next}`)
