import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { inviteOwner } from '../machine.ts'
import { print } from '../output.ts'

export function addAdminCommands(program: Command, io: Io): void {
  const group = program.command('admin').description('people of the platform, on the machine itself')

  group
    .command('create <email>')
    .description('invite an owner of the platform: prints a link with which they set their password, once')
    .option('--console <url>', 'address of the console; default: ADMIN_PUBLIC_URL, or localhost')
    .addHelpText(
      'after',
      '\nWorks on the store by the settings of this machine (REDIS_URL, SECRETS_FILE …), so it needs no token.\n' +
        'The link is good for seven days.\n\nExamples:\n  gatewayctl admin create ada@bank.example',
    )
    .action(async (email: string, options: { console?: string }, command: Command) => {
      const link = await inviteOwner(io, email, options.console)
      print(io, command, { email, link }, () => `Open this once to set a password:\n\n  ${link}`)
    })
}
