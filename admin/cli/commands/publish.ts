import type { Command } from 'commander'
import type { Finding, SnapshotSummary } from '../../../registry/model.ts'
import type { SnapshotDiff } from '../../../registry/snapshot-diff.ts'
import { wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { findingLines, print, printable, table, time } from '../output.ts'

interface PublishOptions {
  readonly withdraw?: string[]
  readonly upstream?: string[]
  readonly plan?: string[]
  readonly settings?: boolean
  readonly dryRun?: boolean
  readonly note?: string
}
interface Published {
  readonly number: number
  readonly isDryRun: boolean
  readonly diff: SnapshotDiff
  readonly findings: readonly Finding[]
}
type Summary = SnapshotSummary & { readonly isCurrent: boolean }

export function addPublishCommands(program: Command, io: Io): void {
  program
    .command('publish [apis...]')
    .description('let the gateways serve the drafts of these APIs, with what they depend on')
    .option('--withdraw <names...>', 'APIs that gateways stop serving')
    .option('--upstream <names...>', 'upstreams alone')
    .option('--plan <names...>', 'plans alone')
    .option('--settings', 'the defaults of the whole gateway too')
    .option('--dry-run', 'only check, and show what would change')
    .option('--note <text>', 'why')
    .addHelpText(
      'after',
      '\nOther drafts stay drafts.\n\nExamples:\n  gatewayctl publish payments --dry-run\n  gatewayctl publish payments --note "v2 for Acme"',
    )
    .action(async (apis: string[], options: PublishOptions, command: Command) => {
      const { withdraw = [], upstream = [], plan = [], settings = false, dryRun = false, note = '' } = options
      if (apis.length + withdraw.length + upstream.length + plan.length === 0 && !settings)
        command.error('Name what to publish: APIs, --upstream, --plan, --withdraw or --settings.', {
          exitCode: 2,
        })
      const change = { apis, withdraw, upstreams: upstream, plans: plan, settings, dryRun, note }
      const { body } = await (await connect(io, command)).post<Published>('/api/publish', change)
      print(io, command, body, () => {
        const head = dryRun ? 'Nothing was published.' : `Snapshot ${body.number} is current.`
        return [...diffLines(body.diff), findingLines(body.findings), head].filter(Boolean).join('\n')
      })
      if (body.findings.some(({ severity }) => severity === 'error')) throw new Error('It would be refused.')
    })

  program
    .command('rollback')
    .argument('<snapshot>', 'its number', wholeNumber)
    .description('let the gateways serve an older snapshot again; drafts stay as they are')
    .option('--note <text>', 'why')
    .addHelpText('after', '\nExamples:\n  gatewayctl rollback 41 --note "v2 refuses transfers"')
    .action(async (number: number, { note = '' }: PublishOptions, command: Command) => {
      const path = `/api/snapshots/${number}/rollback`
      const { body } = await (await connect(io, command)).post<{ number: number }>(path, { note })
      print(io, command, body, () => `Snapshot ${body.number} is current.`)
    })

  program
    .command('snapshots')
    .description('list the snapshots, newest first')
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .addHelpText('after', '\nExamples:\n  gatewayctl snapshots --limit 5')
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const path = `/api/snapshots?limit=${limit}`
      const { items } = (await (await connect(io, command)).get<{ items: Summary[] }>(path)).body
      const rows = items.map((s) => [
        s.number,
        s.isCurrent ? 'current' : '',
        time(s.createdAt),
        s.createdBy,
        s.note,
      ])
      print(io, command, items, () => table(['NUMBER', '', 'MADE', 'BY', 'NOTE'], rows))
    })

  program
    .command('diff')
    .argument('<snapshot>', 'its number', wholeNumber)
    .argument('[from]', 'number of the other; default: the one before', wholeNumber)
    .description('show what a snapshot changed, next to the one before it or to another')
    .addHelpText('after', '\nExamples:\n  gatewayctl diff 42\n  gatewayctl diff 42 30')
    .action(async (number: number, from: number | undefined, _options: unknown, command: Command) => {
      const query = from === undefined ? '' : `?from=${from}`
      const path = `/api/snapshots/${number}/diff${query}`
      const { body } = await (await connect(io, command)).get<{ diff: SnapshotDiff }>(path)
      print(io, command, body, () => diffLines(body.diff).join('\n') || 'Nothing differs.')
    })
}

/** A diff, one line per thing, and one per changed field below it. */
function diffLines({ entries }: SnapshotDiff): string[] {
  return entries.flatMap(({ change, noun, name, fields, sharedWith }) => {
    const shared = sharedWith.length > 0 ? ` (also reaches ${sharedWith.join(', ')})` : ''
    const changes = fields.map(
      (f) => `    ${f.pointer}: ${JSON.stringify(f.before) ?? '-'} -> ${JSON.stringify(f.after) ?? '-'}`,
    )
    return [`${marks[change]} ${noun} ${name}${shared}`, ...changes].map(printable)
  })
}

const marks = { added: '+', removed: '-', changed: '~' } as const
