import type { Command } from 'commander'
import type { SigningKey } from '../../../registry/model.ts'
import { connect, type Io } from '../io.ts'
import { fields, print, table, time } from '../output.ts'

type Shown = Omit<SigningKey, 'sealedPrivateJwk'> & { readonly state: string }

export function addSigningKeyCommands(program: Command, io: Io): void {
  const group = program.command('signing-key').description('the keys with which tokens are signed')

  group
    .command('list')
    .description('list the signing keys, in the order in which they sign')
    .addHelpText('after', '\nExamples:\n  gatewayctl signing-key list')
    .action(async (_options: unknown, command: Command) => {
      const client = await connect(io, command)
      const { items } = (await client.get<{ items: Shown[] }>('/api/signing-keys')).body
      const rows = items.map((k) => [k.id, k.state, k.algorithm, time(k.signsFrom), k.publicJwk.kid])
      print(io, command, items, () => table(['ID', 'STATE', 'ALGORITHM', 'SIGNS FROM', 'KID'], rows))
    })

  group
    .command('roll-over')
    .description('let the next key take over, after it was published for a time')
    .option('--now', 'at once: for a key that others may know; retire the old one after that')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl signing-key roll-over\n  gatewayctl signing-key roll-over --now',
    )
    .action(async ({ now = false }: { now?: boolean }, command: Command) => {
      const client = await connect(io, command)
      const { body } = await client.post<Shown>('/api/signing-keys/roll-over', { isImmediate: now })
      const { id, state, algorithm, signsFrom, publicJwk } = body
      print(io, command, body, () =>
        fields({ id, state, algorithm, 'signs from': time(signsFrom), kid: publicJwk.kid }),
      )
    })

  group
    .command('retire <id>')
    .description('take a key out at once: what was signed with it is good nowhere any more')
    .addHelpText('after', '\nExamples:\n  gatewayctl signing-key retire key_01…')
    .action(async (id: string, _options: unknown, command: Command) => {
      await (await connect(io, command)).post(`/api/signing-keys/${encodeURIComponent(id)}/retire`)
      print(io, command, { id, isRetired: true }, () => `${id} is retired.`)
    })
}
