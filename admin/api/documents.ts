import { z } from 'zod'
import {
  documentText,
  getRevision,
  getVersion,
  importDocument,
  listRevisions,
  previewDocument,
  useRevision,
} from '../../registry/apis.ts'
import type { Config } from '../../registry/base/config.ts'
import { problem } from '../../registry/base/problem.ts'
import { documentHead } from '../../registry/documentation.ts'
import type { Revision as RevisionRecord } from '../../registry/model.ts'
import type { Registry } from '../../registry/store.ts'
import { type Answer, list, record, route } from '../route.ts'
import { ImportedDocument, listOptions, listQuery, pageOf, Revision, Version } from './schemas.ts'

const types = { json: 'application/json', yaml: 'application/yaml' } as const
const documentTypes = Object.values(types)

const limits = (config: Config) => ({
  maxBytes: config.ADMIN_MAX_DOCUMENT_BYTES,
  timeoutMs: config.ADMIN_IMPORT_TIMEOUT_MS,
})

const RevisionSummary = Revision.extend({ document: ImportedDocument.omit({ operations: true }) }).meta({
  id: 'RevisionSummary',
})

export const documentRoutes = [
  route({
    id: 'previewDocument',
    method: 'post',
    path: '/api/documents/preview',
    tag: 'Documents',
    summary: 'Reads a document and says what would be imported. Keeps nothing.',
    permission: 'read',
    body: 'document',
    answer: { status: 200, schema: ImportedDocument },
    refuses: ['document-invalid', 'body-too-large'],
    handle: async ({ config, body }) => ({ body: await previewDocument(body as Buffer, limits(config)) }),
  }),
  route({
    id: 'getDocument',
    method: 'get',
    path: '/api/versions/{version}/document',
    tag: 'Documents',
    summary: 'The document of the current revision, byte for byte as it was put.',
    permission: 'read',
    answer: { status: 200, types: documentTypes, hasEtag: true },
    async handle({ registry, params }) {
      const { value, etag } = await getVersion(registry, params.version)
      if (value.revision === 0)
        throw problem('not-found', { detail: 'The version has no document yet: PUT one here.' })
      // The version's etag: what a PUT to this very address is compared with.
      return {
        ...(await original(registry, (await getRevision(registry, value.id, value.revision)).value)),
        etag,
      }
    },
  }),
  route({
    id: 'importDocument',
    method: 'put',
    path: '/api/versions/{version}/document',
    tag: 'Documents',
    summary:
      'Imports a document (Swagger 2.0, OpenAPI 3.0 or 3.1; JSON or YAML) as the new current revision.',
    description:
      'The `ETag` to expect is that of the version. A document that cannot be read or routed changes nothing; what else the specification has against it comes back as findings of the revision.',
    permission: 'write',
    body: 'document',
    answer: { status: 200, schema: z.object({ version: Version, revision: Revision }), hasEtag: true },
    refuses: ['document-invalid', 'body-too-large'],
    async handle({ registry, config, log, actor, params, body, ifMatch }) {
      const bytes = body as Buffer
      const done = await importDocument(registry, actor, params.version, bytes, limits(config), ifMatch)
      // Its pages are made ready meanwhile, so that the first reader need not wait; where that fails, readers do it.
      documentHead(registry, done.revision.value.document.sha256, limits(config)).catch((err: unknown) =>
        log.debug({ err }, 'the pages of a document were not made ready'),
      )
      return {
        body: { version: done.version.value, revision: done.revision.value },
        etag: done.version.etag,
      }
    },
  }),
  route({
    id: 'listRevisions',
    method: 'get',
    path: '/api/versions/{version}/revisions',
    tag: 'Documents',
    summary: 'Lists the revisions of a version, without their operations.',
    permission: 'read',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(RevisionSummary) },
    async handle({ registry, params, query }) {
      const { value } = await getVersion(registry, params.version)
      const page = await listRevisions(registry, value.id, listOptions(query))
      return list(page, withoutOperations)
    },
  }),
  route({
    id: 'getRevision',
    method: 'get',
    path: '/api/versions/{version}/revisions/{number}',
    tag: 'Documents',
    summary: 'Shows a revision with its operations.',
    permission: 'read',
    answer: { status: 200, schema: Revision, hasEtag: true },
    handle: async ({ registry, params }) =>
      record(await getRevision(registry, params.version, numberOf(params.number))),
  }),
  route({
    id: 'getDocumentOfRevision',
    method: 'get',
    path: '/api/versions/{version}/revisions/{number}/document',
    tag: 'Documents',
    summary: 'The document of a revision, byte for byte as it was put.',
    permission: 'read',
    answer: { status: 200, types: documentTypes, hasEtag: true },
    async handle({ registry, params }) {
      const { value, etag } = await getRevision(registry, params.version, numberOf(params.number))
      return { ...(await original(registry, value)), etag }
    },
  }),
  route({
    id: 'useRevision',
    method: 'post',
    path: '/api/versions/{version}/revisions/{number}/use',
    tag: 'Documents',
    summary: 'Makes an older (or newer) revision the current one.',
    permission: 'write',
    answer: { status: 200, schema: Version, hasEtag: true },
    handle: async ({ registry, actor, params, ifMatch }) =>
      record(await useRevision(registry, actor, params.version, numberOf(params.number), ifMatch)),
  }),
]

async function original(registry: Registry, { document }: RevisionRecord): Promise<Answer> {
  const bytes = await documentText(registry, document.sha256)
  if (!bytes) throw problem('internal', { note: `document ${document.sha256} is gone` })
  return { raw: { type: types[document.format], bytes } }
}

function withoutOperations({ document: { operations, ...document }, ...rest }: RevisionRecord) {
  return { ...rest, document }
}

/** A number in an address. Whatever is not one names nothing. */
export function numberOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw problem('not-found')
  return Number(text)
}
