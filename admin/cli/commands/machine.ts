import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { fields, print, secretNote } from '../output.ts'

const onMachine =
  '\nWorks on Redis itself, with the settings of this machine (REDIS_URL, SECRETS_…).\n\nExamples:\n'

// Loaded when it is needed: the registry and its packages take longer to start than all else here together.
const machine = () => import('../machine.ts')

/** The commands that need no admin service. */
export function addMachineCommands(program: Command, io: Io): void {
  program
    .command('bootstrap')
    .description('make the first admin token and print it once')
    .option('--force', 'make one although there are live ones')
    .option('--title <text>', 'what it is for', 'first token')
    .addHelpText('after', `${onMachine}  gatewayctl bootstrap`)
    .action(async ({ force = false, title }: { force?: boolean; title: string }, command: Command) => {
      const made = await (await machine()).bootstrap(io, title, force)
      print(
        io,
        command,
        made,
        () => `${fields({ id: made.token.id })}\n\n${secretNote('admin token', made.secret)}`,
      )
    })

  program
    .command('rewrap')
    .description('seal all kept secrets anew with the first of the seal keys')
    .addHelpText('after', `${onMachine}  SECRETS_SEAL_KEYS=new:…,old:… gatewayctl rewrap`)
    .action(async (_options: unknown, command: Command) => {
      const counts = await (await machine()).rewrap(io)
      const { rewrapped, examined } = counts
      print(io, command, counts, () => `${rewrapped} of ${examined} secrets were sealed anew.`)
    })

  program
    .command('verify')
    .description('check that the records, names and indexes in Redis fit together')
    .addHelpText('after', `${onMachine}  gatewayctl verify`)
    .action(async (_options: unknown, command: Command) => {
      const faults = await (await machine()).verify(io)
      print(io, command, { faults }, () => faults.join('\n') || 'The registry is whole.')
      if (faults.length > 0) throw new Error(`${faults.length} faults were found.`)
    })
}
