import type { Command } from 'commander'
import type { AuditVerdict } from '../../../registry/audit-chain.ts'
import type { AuditEntry, Heartbeat } from '../../../registry/model.ts'
import { wholeNumber } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { fields, print, table, time } from '../output.ts'

interface Status {
  readonly snapshot: number
  readonly gateways: { readonly alive: number; readonly upToDate: number }
  readonly store: { readonly latencyMs: number }
}
interface AuditOptions {
  readonly limit: number
  readonly noun?: string
  readonly subject?: string
  readonly actor?: string
}

export function addPlatformCommands(program: Command, io: Io): void {
  program
    .command('status')
    .description('show the snapshot, the gateways that serve it, and the store')
    .addHelpText('after', '\nExamples:\n  gatewayctl status\n  gatewayctl status --json')
    .action(async (_options: unknown, command: Command) => {
      const client = await connect(io, command)
      const { body: status } = await client.get<Status>('/api/status')
      const { items } = (await client.get<{ items: Heartbeat[] }>('/api/gateways')).body
      const rows = items.map((g) => [g.gatewayId, g.address, g.threads, g.snapshot, time(g.at), g.lastError])
      print(io, command, { ...status, heartbeats: items }, () => {
        const { alive, upToDate } = status.gateways
        const served = `${status.snapshot}, served by ${upToDate} of ${alive} gateways`
        const head = fields({ snapshot: served, redis: `answers in ${status.store.latencyMs} ms` })
        if (rows.length === 0) return `${head}\nNo gateway was heard of in the last minute.`
        return `${head}\n${table(['GATEWAY', 'ADDRESS', 'THREADS', 'SNAPSHOT', 'HEARD', 'LAST ERROR'], rows)}`
      })
    })

  const audit = program
    .command('audit')
    .description('show who changed what and when, newest first')
    .option('--limit <n>', 'how many entries', wholeNumber, 20)
    .option('--noun <noun>', 'only this noun, e.g. credential')
    .option('--subject <id>', 'only what was done to this')
    .option('--actor <id>', 'only what was done with this admin token')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl audit --noun credential\n  gatewayctl audit --subject api_01… --json',
    )
    .action(async ({ limit, noun, subject, actor }: AuditOptions, command: Command) => {
      const given = Object.entries({ limit, noun, subject, actor }).filter(([, value]) => value !== undefined)
      const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
      const { items } = (
        await (await connect(io, command)).get<{ items: AuditEntry[] }>(`/api/audit?${query}`)
      ).body
      const rows = items.map((e) => [time(e.at), e.actor, e.action, e.noun, e.subject])
      print(io, command, items, () => table(['WHEN', 'WHO', 'WHAT', 'NOUN', 'SUBJECT'], rows))
    })

  audit
    .command('verify')
    .description('check that no entry was changed, removed or put between others')
    .option('--seen <link>', 'a link that was noted before, which must be in the chain')
    .addHelpText('after', '\nEnds with 1 when it is not whole.\n\nExamples:\n  gatewayctl audit verify')
    .action(async ({ seen }: { seen?: string }, command: Command) => {
      const query = seen === undefined ? '' : `?${new URLSearchParams({ seen })}`
      const client = await connect(io, command)
      const { body } = await client.get<AuditVerdict>(`/api/audit/verify${query}`)
      print(io, command, body, () => toldOf(body))
      if (!body.isWhole) throw new Error('The audit is not whole.')
    })
}

function toldOf({ broken, linked, late, head }: AuditVerdict): string {
  return fields({
    audit: broken === null ? 'whole' : `broken at ${broken.id || 'its beginning'}: ${broken.reason}`,
    entries: `${linked} linked`,
    ...(late && { late: `${late.count} linked late, from ${late.firstId} on` }),
    ...(head && { link: head.link }),
  })
}
