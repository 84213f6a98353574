import { type Command, Option } from 'commander'
import type {
  Api,
  ImportedDocument,
  Revision,
  Routing,
  Version,
  VersionInput,
} from '../../../registry/model.ts'
import { collect } from '../arguments.ts'
import type { Client, Fetched } from '../client.ts'
import { connect, type Io, readBytes } from '../io.ts'
import { findApi, findVersion, requirePlan, requireUpstream } from '../look-up.ts'
import { findingLines, print } from '../output.ts'

interface Options {
  readonly api: string
  readonly version: string
  readonly title?: string
  readonly accessTokens?: string
  readonly basePath?: string
  readonly routing?: string
  readonly upstream?: readonly string[]
  readonly plan?: readonly string[]
  readonly dryRun?: boolean
}

const examples = `
Makes the API and the version if they are not there, else sets what is given. Publishing is a step of its own.

Examples:
  gatewayctl import payments-v1.yaml --api payments --version v1 --upstream payments
  gatewayctl import v2.json --api payments --version v2 --upstream live=payments --upstream sandbox=payments-test
  gatewayctl import v2.json --api payments --version v2 --routing header:api-version=2 --base-path /payments
  gatewayctl import v2.json --api payments --version v2 --routing host:v2.api.bank.example
  gatewayctl import - --api payments --version v1 --dry-run < payments-v1.yaml`

export function addImportCommand(program: Command, io: Io): void {
  program
    .command('import')
    .argument('<file>', 'OpenAPI document (Swagger 2.0, OpenAPI 3.0 or 3.1; JSON or YAML), - for stdin')
    .description('import an OpenAPI document as the new revision of an API version')
    .requiredOption('--api <name>', 'name of the API')
    .requiredOption('--version <name>', 'name of the version, as partners see it')
    .option('--title <text>', 'title of the API; default: that of the document')
    .addOption(
      new Option('--access-tokens <form>', 'form of access tokens for this API').choices(['opaque', 'jwt']),
    )
    .option('--base-path <path>', 'stands before every path; default: /<api>/<version>, or /<api> by header')
    .option('--routing <how>', 'path, header:<name>=<value> or host:<name>,<name>')
    .addOption(
      new Option(
        '--upstream <name>',
        '<name> for both environments, or live=<name>, sandbox=<name>',
      ).argParser(collect),
    )
    .option('--plan <names...>', 'plans on offer for this version')
    .option('--dry-run', 'only read the document and show what was found')
    .addHelpText('after', examples)
    .action(async (file: string, options: Options, command: Command) => {
      const client = await connect(io, command)
      const bytes = await readBytes(io, file)
      if (options.dryRun) {
        const { body } = await client.postBytes<ImportedDocument>('/api/documents/preview', bytes)
        return print(io, command, body, () => describe(body))
      }
      const routing = routingOf(options, command)
      const upstreams = await upstreamIds(client, options.upstream ?? [], command)
      const plans = options.plan && (await Promise.all(options.plan.map((name) => planId(client, name))))
      const api = await ensureApi(client, options, bytes)
      const version = await ensureVersion(client, api, options, { routing, upstreams, plans })
      const path = `/api/versions/${version.body.id}/document`
      const { body } = await client.putBytes<{ version: Version; revision: Revision }>(
        path,
        bytes,
        version.etag,
      )
      print(io, command, { api, ...body }, () => {
        const next = `gatewayctl publish ${api.name}`
        const head = `${api.name}/${body.version.name} has revision ${body.revision.number}. Publish it: ${next}`
        return `${describe(body.revision.document)}\n${head}`
      })
    })
}

function describe(document: ImportedDocument): string {
  const { title, version, dialect, operations, findings } = document
  const head = `${title} ${version} (OpenAPI ${dialect}): ${operations.length} operations, ${findings.length} findings`
  return [head, findingLines(findings)].filter(Boolean).join('\n')
}

function routingOf({ api, version, routing = 'path', basePath }: Options, command: Command): Routing {
  const [by, rest = ''] = splitAt(routing, ':')
  if (by === 'path') return { by, basePath: basePath ?? `/${api}/${version}` }
  if (by === 'host' && rest) return { by, basePath: basePath ?? '', hosts: rest.split(',') }
  const [header, value] = splitAt(rest, '=')
  if (by === 'header' && header && value)
    return { by, basePath: basePath ?? `/${api}`, header: header.toLowerCase(), value, isDefault: false }
  return command.error(`--routing: ${routing} is not path, header:<name>=<value> or host:<name>`, {
    exitCode: 2,
  })
}

async function upstreamIds(client: Client, given: readonly string[], command: Command) {
  const ids: { live?: string; sandbox?: string } = {}
  for (const text of given) {
    const [left, right] = splitAt(text, '=')
    const environments = right === undefined ? (['sandbox', 'live'] as const) : [left]
    const { id } = (await requireUpstream(client, right ?? left)).body
    for (const environment of environments) {
      if (environment !== 'live' && environment !== 'sandbox')
        command.error(`--upstream: ${environment} is not an environment; there are live and sandbox`, {
          exitCode: 2,
        })
      ids[environment] = id
    }
  }
  return ids
}

const planId = async (client: Client, name: string) => (await requirePlan(client, name)).body.id

/** A new API or version is made only when the document can be read: a refusal leaves nothing behind. */
async function ensureApi(client: Client, options: Options, bytes: Buffer): Promise<Api> {
  const found = await findApi(client, options.api)
  const isNew = !found || !(await findVersion(client, found.body.id, options.version))
  const preview = isNew
    ? await client.postBytes<ImportedDocument>('/api/documents/preview', bytes)
    : undefined
  if (!found) {
    const title = options.title ?? preview!.body.title.trim().slice(0, 200)
    const input = { name: options.api, title: title || options.api, accessTokens: options.accessTokens }
    return (await client.post<Api>('/api/apis', input)).body
  }
  const { title = found.body.title, accessTokens = found.body.accessTokens } = options
  if (title === found.body.title && accessTokens === found.body.accessTokens) return found.body
  const changed = { ...found.body, title, accessTokens }
  return (await client.put<Api>(`/api/apis/${found.body.id}`, changed, found.etag)).body
}

async function ensureVersion(
  client: Client,
  api: Api,
  options: Options,
  given: { routing: Routing; upstreams: VersionInput['upstreams']; plans: string[] | undefined },
): Promise<Fetched<Version>> {
  const found = await findVersion(client, api.id, options.version)
  if (!found) return client.post<Version>(`/api/apis/${api.id}/versions`, { name: options.version, ...given })
  // Only what was asked for: importing a new revision must not undo settings made elsewhere.
  const setsRouting = options.routing !== undefined || options.basePath !== undefined
  const changed = {
    ...found.body,
    ...(setsRouting ? { routing: given.routing } : {}),
    ...(given.plans ? { plans: given.plans } : {}),
    upstreams: { ...found.body.upstreams, ...given.upstreams },
  }
  if (JSON.stringify(changed) === JSON.stringify(found.body)) return found
  return client.put<Version>(`/api/versions/${found.body.id}`, changed, found.etag)
}

/** The text before and after the first mark; the second is undefined where there is no mark. */
function splitAt(text: string, mark: string): [string, string | undefined] {
  const cut = text.indexOf(mark)
  return cut < 0 ? [text, undefined] : [text.slice(0, cut), text.slice(cut + 1)]
}
