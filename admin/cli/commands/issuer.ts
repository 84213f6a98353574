import type { Command } from 'commander'
import type { Issuer, IssuerInput } from '../../../registry/issuer-model.ts'
import type { Client, Fetched, RefusalError } from '../client.ts'
import { connect, type Io, readText } from '../io.ts'
import { print, table } from '../output.ts'

export function addIssuerCommands(program: Command, io: Io): void {
  const group = program.command('issuer').description('issuers outside the platform whose tokens are taken')

  group
    .command('put <file>')
    .description('make an issuer known, or replace the one of that name (JSON; - for stdin)')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl issuer put bank-idp.json\n  gatewayctl issuer put - < idp.json',
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      const input = parsed(file, await readText(io, file))
      const client = await connect(io, command)
      const found = await findIssuer(client, input.name)
      const { body } = found
        ? await client.put<Issuer>(`/api/issuers/${found.body.id}`, input, found.etag)
        : await client.post<Issuer>('/api/issuers', input)
      print(io, command, body, () => rowsOf([body]))
    })

  group
    .command('list')
    .description('list the issuers')
    .addHelpText('after', '\nExamples:\n  gatewayctl issuer list')
    .action(async (_options: unknown, command: Command) => {
      const items = await (await connect(io, command)).all<Issuer>('/api/issuers')
      print(io, command, items, () => rowsOf(items))
    })

  group
    .command('show <name>')
    .description('show an issuer as JSON, ready to be edited and put again')
    .addHelpText('after', '\nExamples:\n  gatewayctl issuer show bank-idp > bank-idp.json')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { body } = await requireIssuer(await connect(io, command), name)
      const { id: _, createdAt: __, updatedAt: ___, ...input } = body
      print(io, command, body, () => JSON.stringify(input, null, 2))
    })

  group
    .command('delete <name>')
    .description('forget an issuer; its tokens are refused at once')
    .addHelpText('after', '\nExamples:\n  gatewayctl issuer delete bank-idp')
    .action(async (name: string, _options: unknown, command: Command) => {
      const client = await connect(io, command)
      const { body, etag } = await requireIssuer(client, name)
      await client.delete(`/api/issuers/${body.id}`, etag)
      print(io, command, { id: body.id, isDeleted: true }, () => `${body.name} is forgotten.`)
    })
}

const requireIssuer = (client: Client, name: string) =>
  client.get<Issuer>(`/api/issuers/${encodeURIComponent(name)}`)

async function findIssuer(client: Client, name: string): Promise<Fetched<Issuer> | undefined> {
  try {
    return await requireIssuer(client, name)
  } catch (error) {
    if ((error as Partial<RefusalError>).problem?.code === 'not-found') return undefined
    throw error
  }
}

function parsed(file: string, text: string): IssuerInput {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && typeof (value as IssuerInput).name === 'string')
      return value as IssuerInput
  } catch (error) {
    throw new Error(`${file}: is not JSON (${(error as Error).message})`)
  }
  throw new Error(`${file}: is no issuer: it needs at least a name`)
}

function rowsOf(issuers: readonly Issuer[]): string {
  const rows = issuers.map((one) => [
    one.name,
    one.id,
    one.environment,
    one.isSuspended ? 'suspended' : 'taken',
    one.verification.by,
    one.issuer,
  ])
  return table(['NAME', 'ID', 'ENVIRONMENT', 'STATE', 'BY', 'ISSUER'], rows)
}
