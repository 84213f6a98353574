import type { Command } from 'commander'
import type { Application, Partner, Subscription } from '../../../registry/model.ts'
import { connect, type Io } from '../io.ts'
import { requireApplication, requirePartner, requirePlan, requireVersion } from '../look-up.ts'
import { fields, print, table, wantsJson } from '../output.ts'

interface Options {
  readonly title?: string
  readonly contact?: string
  readonly undo?: boolean
  readonly plan?: string
  readonly scope?: string[]
}

export function addPartnerCommands(program: Command, io: Io): void {
  const partner = program.command('partner').description('organisations that are allowed in')

  partner
    .command('create <name>')
    .description('make a partner')
    .option('--title <text>', 'a name for people; default: the name')
    .option('--contact <text>', 'whom to write to')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl partner create acme --title "Acme Ltd" --contact api@acme.example',
    )
    .action(async (name: string, { title = name, contact }: Options, command: Command) => {
      const input = { name, title, contact }
      const { body } = await (await connect(io, command)).post<Partner>('/api/partners', input)
      print(io, command, body, () => describePartner(body))
    })

  partner
    .command('list')
    .description('list the partners')
    .addHelpText('after', '\nExamples:\n  gatewayctl partner list')
    .action(async (_options: Options, command: Command) => {
      const items = await (await connect(io, command)).all<Partner>('/api/partners')
      const rows = items.map((p) => [p.name, p.id, p.title, p.contact, p.isSuspended ? 'suspended' : ''])
      print(io, command, items, () => table(['NAME', 'ID', 'TITLE', 'CONTACT', ''], rows))
    })

  partner
    .command('show <name>')
    .description('show a partner and its applications')
    .addHelpText('after', '\nExamples:\n  gatewayctl partner show acme')
    .action(async (name: string, _options: Options, command: Command) => {
      const client = await connect(io, command)
      const { body } = await requirePartner(client, name)
      const applications = await client.all<Application>(`/api/partners/${body.id}/applications`)
      const rows = applications.map((one) => row(one, body.name))
      print(io, command, { ...body, applications }, () => `${describePartner(body)}\n${table(head, rows)}`)
    })

  partner
    .command('suspend <name>')
    .description('refuse all calls of a partner, at every gateway, within a second')
    .option('--undo', 'let the partner in again')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl partner suspend acme\n  gatewayctl partner suspend acme --undo',
    )
    .action(async (name: string, { undo = false }: Options, command: Command) => {
      const client = await connect(io, command)
      const { body: before, etag } = await requirePartner(client, name)
      const changed = { ...before, isSuspended: !undo }
      const { body } = await client.put<Partner>(`/api/partners/${before.id}`, changed, etag)
      print(io, command, body, () => describePartner(body))
    })

  const application = program.command('application').description('programs of partners')

  application
    .command('create <partner> <name>')
    .description('make an application of a partner')
    .option('--title <text>', 'a name for people; default: the name')
    .addHelpText('after', '\nExamples:\n  gatewayctl application create acme checkout')
    .action(async (partnerName: string, name: string, { title = name }: Options, command: Command) => {
      const client = await connect(io, command)
      const { id } = (await requirePartner(client, partnerName)).body
      const { body } = await client.post<Application>(`/api/partners/${id}/applications`, { name, title })
      print(io, command, body, () => fields({ name, id: body.id, partner: partnerName }))
    })

  application
    .command('list [partner]')
    .description('list the applications, of all partners or of one')
    .addHelpText('after', '\nExamples:\n  gatewayctl application list acme')
    .action(async (partnerName: string | undefined, _options: Options, command: Command) => {
      const client = await connect(io, command)
      const path =
        partnerName === undefined
          ? '/api/applications'
          : `/api/partners/${(await requirePartner(client, partnerName)).body.id}/applications`
      const items = await client.all<Application>(path)
      const partners = wantsJson(command) ? [] : await client.all<Partner>('/api/partners')
      const names = new Map(partners.map(({ id, name }) => [id, name]))
      print(io, command, items, () =>
        table(
          head,
          items.map((one) => row(one, names.get(one.partnerId))),
        ),
      )
    })

  program
    .command('subscribe <application> <version>')
    .description('let an application (<partner>/<name>) use a version (<api>/<name>)')
    .option('--plan <name>', 'under this plan')
    .option('--scope <scopes...>', 'only these scopes; default: all of the version')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl subscribe acme/checkout payments/v1 --plan gold --scope payments:write',
    )
    .action(async (applicationName: string, versionName: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const { id } = (await requireApplication(client, applicationName)).body
      const versionId = (await requireVersion(client, versionName)).id
      const planId = options.plan === undefined ? null : (await requirePlan(client, options.plan)).body.id
      const input = { versionId, planId, scopes: options.scope ?? null }
      const { body } = await client.post<Subscription>(`/api/applications/${id}/subscriptions`, input)
      print(io, command, body, () =>
        fields({
          id: body.id,
          application: applicationName,
          version: versionName,
          plan: options.plan,
          scopes: body.scopes?.join(' ') ?? 'all',
        }),
      )
    })
}

const head = ['NAME', 'ID', 'PARTNER', 'TITLE', ''] as const
const row = (a: Application, partner = a.partnerId) => [
  a.name,
  a.id,
  partner,
  a.title,
  a.isSuspended ? 'suspended' : '',
]

const describePartner = ({ name, id, title, contact, isSuspended }: Partner) =>
  fields({ name, id, title, contact, state: isSuspended ? 'suspended' : 'let in' })
