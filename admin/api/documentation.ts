import { z } from 'zod'
import type { Config } from '../../registry/base/config.ts'
import { problem } from '../../registry/base/problem.ts'
import { documentFile, documentHead, documentPart, operationSlice } from '../../registry/documentation.ts'
import type { Operation as OperationRecord } from '../../registry/model.ts'
import { exampleAnswers, exampleRequest } from '../../registry/openapi/example.ts'
import { isTree, listAt, type Tree, textAt, treeAt } from '../../registry/openapi/tree.ts'
import type { Asked } from '../auth/permissions.ts'
import { gatewayUrlOf, serverOf } from '../docs-document.ts'
import { type Documented, findDraft, findOffer } from '../documented.ts'
import { type AnyRoute, type Call, route } from '../route.ts'
import { Operation } from './schemas.ts'

const Named = z.object({ name: z.string(), description: z.string().describe('Markdown.') })

const Documentation = z
  .object({
    api: z.object({ id: z.string(), name: z.string(), title: z.string() }),
    version: z.object({ id: z.string(), name: z.string() }),
    documentVersion: z.string().describe('`info.version` of the document.'),
    description: z.string().describe('Markdown of the document; show no HTML that is in it.'),
    contact: z.object({ name: z.string(), url: z.string(), email: z.string() }),
    license: z.object({ name: z.string(), url: z.string() }),
    serverUrl: z.string().describe('Where partners reach this version, base path included.'),
    tokenUrl: z.string(),
    headers: z
      .array(z.object({ name: z.string(), value: z.string() }))
      .describe('What every call must carry besides its credential: of a version that is named by a header.'),
    revision: z.int(),
    tags: z.array(Named).describe('In the document’s order.'),
    operations: z.array(Operation),
  })
  .meta({ id: 'Documentation' })

const ExampleRequest = z.object({
  parameters: z.array(
    z.object({ in: z.enum(['path', 'query', 'header']), name: z.string(), value: z.string() }),
  ),
  body: z.object({ type: z.string(), text: z.string() }).nullable(),
})

const OperationDocumentation = z
  .object({
    operation: Operation,
    document: z
      .record(z.string(), z.unknown())
      .describe('OpenAPI 3 with this operation alone, and what it refers to as far as there is room.'),
    cut: z
      .array(z.string())
      .describe('Parts that had no room, e.g. `schemas/Customer`; a stub with `x-cut` stands for each.'),
    exampleRequest: ExampleRequest.describe('From the document’s examples, or made from its schemas.'),
    exampleAnswers: z.array(z.object({ status: z.string(), type: z.string(), text: z.string() })),
  })
  .meta({ id: 'OperationDocumentation' })

const DocumentationPart = z
  .object({
    components: z.record(z.string(), z.record(z.string(), z.unknown())),
    cut: z.array(z.string()),
  })
  .meta({ id: 'DocumentationPart' })

interface Place {
  /** Stands before the ids of the rows, e.g. `Portal`. */
  readonly prefix: string
  /** Address of the version, e.g. `/api/versions/{version}`. */
  readonly path: string
  readonly tag: string
  readonly permission: Asked
  /** @throws Problem not-found */
  find(call: Call<string, unknown, unknown>): Promise<Documented>
}

/** The rows of a version's pages. They stand at two addresses: what the platform drafts, and what partners see. */
function documentationAt({ prefix, path, tag, permission, find }: Place): AnyRoute[] {
  return [
    route({
      id: `get${prefix}Documentation`,
      method: 'get',
      path: `${path}/docs`,
      tag,
      summary: 'What a version offers: its description and all operations, without their details.',
      permission,
      answer: { status: 200, schema: Documentation },
      async handle(call) {
        const found = await find(call)
        const head = await documentHead(call.registry, found.sha256, limits(call.config))
        return { body: indexOf(found, head, viewOf(found, call.config)) }
      },
    }),
    route({
      id: `get${prefix}OperationDocumentation`,
      method: 'get',
      path: `${path}/docs/operations/{operation}`,
      tag,
      summary: 'All about one operation, as an OpenAPI document of it alone, with examples.',
      permission,
      answer: { status: 200, schema: OperationDocumentation },
      async handle(call) {
        const { registry, config, params } = call
        const found = await find(call)
        const operation = found.operations.find(({ id }) => id === params.operation)
        if (!operation) throw problem('not-found', { detail: 'This version has no such operation.' })
        const view = viewOf(found, config)
        const slice = await operationSlice(registry, found.sha256, operation, view, limits(config))
        return { body: { operation, ...slice, ...examplesOf(slice.document, operation) } }
      },
    }),
    route({
      id: `get${prefix}DocumentationPart`,
      method: 'get',
      path: `${path}/docs/part`,
      tag,
      summary: 'A part of the document that had no room on an operation’s page.',
      permission,
      query: z.strictObject({
        name: z.string().min(1).max(500).describe('As in `cut`, e.g. `schemas/Customer`.'),
      }),
      answer: { status: 200, schema: DocumentationPart },
      async handle(call) {
        const { registry, config, query } = call
        const { sha256 } = await find(call)
        return { body: await documentPart(registry, sha256, query.name, limits(config)) }
      },
    }),
    route({
      id: `download${prefix}Document`,
      method: 'get',
      path: `${path}/docs/file`,
      tag,
      summary: 'The whole document with the gateway as its server, or a collection of Postman made from it.',
      permission,
      query: z.strictObject({ form: z.enum(['openapi', 'postman']).describe('What to make of it.') }),
      answer: { status: 200, types: ['application/json'] },
      async handle(call) {
        const { registry, config, query } = call
        const found = await find(call)
        const view = viewOf(found, config)
        const bytes = await documentFile(registry, found.sha256, query.form, view, limits(config))
        return { raw: { type: 'application/json', bytes } }
      },
    }),
  ]
}

export const documentationRoutes = [
  ...documentationAt({
    prefix: '',
    path: '/api/versions/{version}',
    tag: 'Documents',
    permission: 'read',
    find: ({ registry, params }) => findDraft(registry, (params as { version: string }).version),
  }),
  ...documentationAt({
    prefix: 'Portal',
    path: '/api/portal/{partner}/apis/{version}',
    tag: 'Portal',
    permission: 'portal:read',
    find({ registry, params }) {
      const { partner, version } = params as { partner: string; version: string }
      return findOffer(registry, partner, version)
    },
  }),
]

const limits = (config: Config) => ({
  maxBytes: config.ADMIN_MAX_DOCUMENT_BYTES,
  timeoutMs: config.ADMIN_IMPORT_TIMEOUT_MS,
})

function viewOf({ version }: Documented, config: Config) {
  const gatewayUrl = gatewayUrlOf(config)
  return { serverUrl: serverOf(version, gatewayUrl), tokenUrl: new URL('/oauth2/token', gatewayUrl).href }
}

function indexOf(found: Documented, head: Tree, view: ReturnType<typeof viewOf>) {
  const info = treeAt(head, 'info')
  const [contact, license] = [treeAt(info, 'contact'), treeAt(info, 'license')]
  const { routing } = found.version
  return {
    api: { id: found.api.id, name: found.api.name, title: found.api.title },
    version: { id: found.version.id, name: found.version.name },
    documentVersion: textAt(info, 'version'),
    description: textAt(info, 'description'),
    contact: { name: textAt(contact, 'name'), url: textAt(contact, 'url'), email: textAt(contact, 'email') },
    license: { name: textAt(license, 'name'), url: textAt(license, 'url') },
    ...view,
    headers: routing.by === 'header' ? [{ name: routing.header, value: routing.value }] : [],
    revision: found.version.revision,
    tags: listAt(head, 'tags')
      .filter(isTree)
      .map((tag) => ({ name: textAt(tag, 'name'), description: textAt(tag, 'description') })),
    operations: found.operations,
  }
}

function examplesOf(document: Tree, { path, method }: OperationRecord) {
  const operation = treeAt(treeAt(treeAt(document, 'paths'), path), method.toLowerCase())
  return {
    exampleRequest: exampleRequest(document, operation),
    exampleAnswers: exampleAnswers(document, operation),
  }
}
