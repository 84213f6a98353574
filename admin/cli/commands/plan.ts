import type { Command } from 'commander'
import type { Plan } from '../../../registry/model.ts'
import { wholeNumber } from '../arguments.ts'
import { connect, type Io, readText } from '../io.ts'
import { fields, print, table } from '../output.ts'

interface Options {
  readonly title?: string
  readonly limit?: number
  readonly windowSeconds: number
  readonly policies?: string
}

export function addPlanCommands(program: Command, io: Io): void {
  const plan = program.command('plan').description('named limits, applied by subscription')

  plan
    .command('create <name>')
    .description('make a plan')
    .option('--title <text>', 'a name for people; default: the name')
    .option('--limit <calls>', 'calls allowed in each window (policy rate-limit)', wholeNumber)
    .option('--window-seconds <n>', 'length of the window', wholeNumber, 60)
    .option('--policies <file>', 'JSON file of policies by name, - for stdin, instead of --limit')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl plan create gold --limit 600\n  gatewayctl plan create gold --policies gold.json',
    )
    .action(async (name: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const input = { name, title: options.title ?? name, policies: await policiesOf(io, options, command) }
      const { body } = await client.post<Plan>('/api/plans', input)
      print(io, command, body, () => describe(body))
    })

  plan
    .command('list')
    .description('list the plans')
    .addHelpText('after', '\nExamples:\n  gatewayctl plan list')
    .action(async (_options: unknown, command: Command) => {
      const items = await (await connect(io, command)).all<Plan>('/api/plans')
      const rows = items.map((p) => [p.name, p.id, p.title, JSON.stringify(p.policies)])
      print(io, command, items, () => table(['NAME', 'ID', 'TITLE', 'POLICIES'], rows))
    })
}

async function policiesOf(
  io: Io,
  { limit, windowSeconds, policies }: Options,
  command: Command,
): Promise<unknown> {
  if (limit !== undefined && policies !== undefined)
    command.error('Give --limit or --policies, not both.', { exitCode: 2 })
  if (limit !== undefined) return { 'rate-limit': { limit, windowSeconds } }
  if (policies === undefined) return {}
  try {
    return JSON.parse(await readText(io, policies))
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${policies}: is not JSON (${error.message})`)
    throw error
  }
}

const describe = ({ name, id, policies }: Plan) => fields({ name, id, policies: JSON.stringify(policies) })
