import { Command, CommanderError } from 'commander'
import { addAdminCommands } from './commands/admin.ts'
import { addAdminTokenCommands } from './commands/admin-token.ts'
import { addCredentialCommands } from './commands/credential.ts'
import { addImportCommand } from './commands/import.ts'
import { addIssuerCommands } from './commands/issuer.ts'
import { addMachineCommands } from './commands/machine.ts'
import { addPartnerCommands } from './commands/partner.ts'
import { addPlanCommands } from './commands/plan.ts'
import { addPlatformCommands } from './commands/platform.ts'
import { addPublishCommands } from './commands/publish.ts'
import { addSigningKeyCommands } from './commands/signing-key.ts'
import { addTokenCommand } from './commands/token.ts'
import { addUpstreamCommands } from './commands/upstream.ts'
import type { Io } from './io.ts'
import { describeFailure, wantsJson } from './output.ts'

const examples = `
Set GATEWAYCTL_TOKEN to an admin token, or give a file with one. It is never an argument: those show in process lists.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Examples:
  gatewayctl bootstrap
  gatewayctl upstream create payments --target http://10.0.0.5:8080
  gatewayctl import payments-v1.yaml --api payments --version v1 --upstream payments
  gatewayctl publish payments --dry-run`

/** @returns the exit code */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // commander has said what is wrong (or shown the help) by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { problem } = error as { problem?: unknown }
    io.err(problem && wantsJson(program) ? JSON.stringify(problem, null, 2) : describeFailure(error))
    return 1
  }
}

export function createProgram(io: Io): Command {
  const program = new Command('gatewayctl')
    .description('Registers, publishes and guards payment APIs through the admin service.')
    .option(
      '--url <url>',
      'address of the admin service (GATEWAYCTL_URL)',
      io.env.GATEWAYCTL_URL ?? 'http://127.0.0.1:8001',
    )
    .option(
      '--token-file <file>',
      'file with the admin token, - for stdin (GATEWAYCTL_TOKEN_FILE)',
      io.env.GATEWAYCTL_TOKEN_FILE,
    )
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', examples)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
  for (const add of groups) add(program, io)
  pointToHelp(program, 'gatewayctl')
  return program
}

/** Wrong usage is answered with where the help of that very command is. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows how it is used)`)
  for (const one of command.commands) pointToHelp(one, `${path} ${one.name()}`)
}

const groups = [
  addImportCommand,
  addUpstreamCommands,
  addPublishCommands,
  addPartnerCommands,
  addPlanCommands,
  addCredentialCommands,
  addTokenCommand,
  addAdminCommands,
  addAdminTokenCommands,
  addSigningKeyCommands,
  addIssuerCommands,
  addPlatformCommands,
  addMachineCommands,
]
