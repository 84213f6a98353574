import type { Command } from 'commander'
import type { Target, Upstream } from '../../../registry/model.ts'
import type { TargetReport } from '../../../registry/upstream-health.ts'
import { collect } from '../arguments.ts'
import { connect, type Io } from '../io.ts'
import { requireUpstream } from '../look-up.ts'
import { fields, print, table, time } from '../output.ts'

interface Health {
  readonly targets: readonly {
    readonly id: string
    readonly url: string | null
    readonly gateways: readonly (Omit<TargetReport, 'upstreamId' | 'target'> & {
      readonly gatewayId: string
    })[]
  }[]
  readonly silentGateways: readonly string[]
}
interface Options {
  readonly target?: readonly string[]
  readonly strategy?: string
  readonly hashOn?: string
  readonly maxConnections?: string
  readonly maxWaiting?: string
  readonly maxWaitMs?: string
  readonly protocol?: string
  readonly title?: string
  readonly undo?: boolean
  readonly publish?: boolean
}

const targetHelp = '<url>, or <id>=<url>; ",weight=5" and ",cap=100" may follow; repeat it for each target'

export function addUpstreamCommands(program: Command, io: Io): void {
  const upstream = program.command('upstream').description('payment services behind the gateway')

  /** What `create` and `set` have in common. */
  const withSettings = (command: Command) =>
    command
      .option('--strategy <name>', 'round-robin, weighted, least-connections, least-time or hash')
      .option('--hash-on <what>', 'for hash: address, partner, application or header:<name>')
      .option('--max-connections <count>', 'most calls in flight at once, over all targets; none: no cap')
      .option('--max-waiting <count>', 'most calls that wait for room')
      .option('--max-wait-ms <ms>', 'longest wait for room')
      .option('--protocol <name>', 'http1, h2 (over TLS) or h2c (without)')
      .option('--title <text>', 'a name for people')

  withSettings(upstream.command('create <name>'))
    .description('make an upstream with its targets')
    .requiredOption('--target <target>', targetHelp, collect)
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl upstream create payments --target a=http://10.0.0.5:8080,weight=5 --target b=http://10.0.0.6:8080,cap=50',
    )
    .action(async (name: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const input = { name, ...changes({}, options, command) }
      const { body } = await client.post<Upstream>('/api/upstreams', input)
      print(io, command, body, () => describe(body))
    })

  upstream
    .command('list')
    .description('list the upstreams')
    .addHelpText('after', '\nExamples:\n  gatewayctl upstream list --json')
    .action(async (_options: Options, command: Command) => {
      const items = await (await connect(io, command)).all<Upstream>('/api/upstreams')
      const rows = items.map((u) => [u.name, u.id, u.strategy, u.targets.map((t) => t.url).join(' ')])
      print(io, command, items, () => table(['NAME', 'ID', 'STRATEGY', 'TARGETS'], rows))
    })

  upstream
    .command('show <name>')
    .description('show an upstream and its targets')
    .addHelpText('after', '\nExamples:\n  gatewayctl upstream show payments')
    .action(async (name: string, _options: Options, command: Command) => {
      const { body } = await requireUpstream(await connect(io, command), name)
      print(io, command, body, () => describe(body))
    })

  withSettings(upstream.command('set <name>'))
    .description('change an upstream; --target replaces all of its targets')
    .option('--target <target>', targetHelp, collect)
    .addHelpText('after', '\nExamples:\n  gatewayctl upstream set payments --strategy least-connections')
    .action(async (name: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const { body: before, etag } = await requireUpstream(client, name)
      const input = { ...before, ...changes(before, options, command) }
      const { body } = await client.put<Upstream>(`/api/upstreams/${before.id}`, input, etag)
      print(
        io,
        command,
        body,
        () => `${describe(body)}\nGateways know it after: gatewayctl publish --upstream ${name}`,
      )
    })

  upstream
    .command('health <name>')
    .description('show how every gateway finds the targets: state, reason, calls in flight')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl upstream health payments\n  gatewayctl upstream health payments --json',
    )
    .action(async (name: string, _options: Options, command: Command) => {
      const client = await connect(io, command)
      const { body: record } = await requireUpstream(client, name)
      const { body } = await client.get<Health>(`/api/upstreams/${record.id}/health`)
      print(io, command, body, () => describeHealth(body))
    })

  upstream
    .command('drain <name> <target>')
    .description('give a target no new calls, and publish that')
    .option('--undo', 'give it calls again')
    .option('--no-publish', 'change only the draft')
    .addHelpText(
      'after',
      '\nExamples:\n  gatewayctl upstream drain payments a\n  gatewayctl upstream drain payments a --undo',
    )
    .action(async (name: string, targetId: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const { body: before, etag } = await requireUpstream(client, name)
      if (!before.targets.some(({ id }) => id === targetId))
        throw new Error(`${name} has no target "${targetId}".`)
      const isDraining = !options.undo
      const targets = before.targets.map((t) => (t.id === targetId ? { ...t, isDraining } : t))
      const { body } = await client.put<Upstream>(`/api/upstreams/${before.id}`, { ...before, targets }, etag)
      if (options.publish)
        await client.post('/api/publish', {
          upstreams: [before.id],
          note: `${isDraining ? 'drain' : 'refill'} ${targetId} of ${name}`,
        })
      print(io, command, body, () => describe(body))
    })
}

/** @param before what is set already: of a queue one bound may be changed */
function changes({ queue }: Partial<Pick<Upstream, 'queue'>>, options: Options, command: Command) {
  const { target, strategy, hashOn, maxConnections, maxWaiting, maxWaitMs, protocol, title } = options
  const targets = target?.map((text, i) => parseTarget(text, i, command))
  return {
    ...(targets && { targets }),
    ...(strategy !== undefined && { strategy }),
    ...(hashOn !== undefined && { hashOn: parseHashOn(hashOn) }),
    ...(maxConnections !== undefined && {
      maxConnections: maxConnections === 'none' ? undefined : Number(maxConnections),
    }),
    queue: {
      ...queue,
      ...(maxWaiting !== undefined && { maxWaiting: Number(maxWaiting) }),
      ...(maxWaitMs !== undefined && { maxWaitMs: Number(maxWaitMs) }),
    },
    ...(protocol !== undefined && { protocol }),
    ...(title !== undefined && { title }),
  }
}

function parseHashOn(text: string) {
  const header = /^header:(.+)$/.exec(text)?.[1]
  return header === undefined ? { by: text } : { by: 'header', header: header.toLowerCase() }
}

function parseTarget(text: string, index: number, command: Command): Partial<Target> {
  const [address = '', ...extras] = text.split(',')
  const named = /^([a-z0-9][a-z0-9._-]*)=(.*)$/.exec(address)
  const target: Record<string, unknown> = { id: named?.[1] ?? `t${index + 1}`, url: named?.[2] ?? address }
  for (const extra of extras) {
    const [, name, count] = /^(weight|cap)=(\d+)$/.exec(extra) ?? []
    if (!name) command.error(`--target: ${extra} is neither weight=<n> nor cap=<n>`, { exitCode: 2 })
    target[name === 'cap' ? 'maxConnections' : 'weight'] = Number(count)
  }
  return target
}

function describeHealth({ targets, silentGateways }: Health): string {
  const rows = targets.flatMap(({ id, url, gateways }) =>
    gateways.length === 0
      ? [[id, url ?? '-', '-', 'not served']]
      : gateways.map((g) => [id, url ?? '-', g.gatewayId, g.state, g.reason, time(g.since), g.inFlight]),
  )
  const head = ['TARGET', 'URL', 'GATEWAY', 'STATE', 'REASON', 'SINCE', 'IN FLIGHT']
  const silent = silentGateways.map(
    (id) => `\n${id} has more targets than a heartbeat holds; see its metrics.`,
  )
  return (
    table(
      head,
      rows.map((row) => head.map((_, i) => row[i] ?? '')),
    ) + silent.join('')
  )
}

function describe({ name, id, strategy, protocol, targets, ...rest }: Upstream): string {
  const { connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs, timeoutMs, maxAttempts, queue } = rest
  const hashOn = strategy === 'hash' ? { hashOn: Object.values(rest.hashOn).join(' ') } : {}
  const room = { maxConnections: rest.maxConnections ?? '-', ...queue }
  const rows = targets.map((t) => [
    t.id,
    t.url,
    t.weight,
    t.maxConnections ?? '-',
    t.isDraining ? 'draining' : 'serving',
  ])
  const settings = { connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs, timeoutMs, maxAttempts }
  return `${fields({ name, id, strategy, protocol, ...hashOn, ...room, ...settings })}\n${table(['TARGET', 'URL', 'WEIGHT', 'CAP', 'STATE'], rows)}`
}
