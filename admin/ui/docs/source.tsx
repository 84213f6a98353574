import { queryOptions } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import { api, dataOf, type Schemas } from '../api/client.ts'

export type Documentation = Schemas['Documentation']
export type OperationDocumentation = Schemas['OperationDocumentation']
export type DocumentationPart = Schemas['DocumentationPart']
export type TryCall = NonNullable<Schemas['TryCall']>
export type TryAnswer = Schemas['TryAnswer']
export type Operation = Schemas['Operation']

/** Where the pages of a version get what they show. The platform sees its drafts, a partner what is published. */
export interface Source {
  /** What one must be allowed to try calls. */
  readonly triesWith: 'write' | 'portal:write'
  /** Where the pages stand, e.g. `/portal/acme/apis/ver_1`. */
  readonly base: string
  readonly index: () => Promise<Documentation>
  readonly operation: (id: string) => Promise<OperationDocumentation>
  readonly part: (name: string) => Promise<DocumentationPart>
  readonly fileUrl: (form: 'openapi' | 'postman') => string
  readonly send: (call: TryCall) => Promise<TryAnswer>
  readonly token: (asked: Schemas['TokenRequest']) => Promise<Schemas['TokenAnswer']>
}

const SourceContext = createContext<Source | null>(null)
export const SourceProvider = SourceContext.Provider

export function useSource(): Source {
  const source = useContext(SourceContext)
  if (!source) throw new Error('pages of documents stand inside of DocsLayout')
  return source
}

/** A document changes only by a new revision. */
const staleTime = 60_000

export const indexQuery = (source: Source) =>
  queryOptions({ queryKey: ['docs', source.base], queryFn: source.index, staleTime })

export const operationQuery = (source: Source, id: string) =>
  queryOptions({
    queryKey: ['docs', source.base, 'operation', id],
    queryFn: () => source.operation(id),
    staleTime,
  })

/** A version as the platform drafts it. */
export function platformSource(version: string): Source {
  const path = { version }
  return {
    triesWith: 'write',
    base: `/admin/versions/${version}/docs`,
    index: () => dataOf(api.GET('/api/versions/{version}/docs', { params: { path } })),
    operation: (operation) =>
      dataOf(
        api.GET('/api/versions/{version}/docs/operations/{operation}', {
          params: { path: { version, operation } },
        }),
      ),
    part: (name) =>
      dataOf(api.GET('/api/versions/{version}/docs/part', { params: { path, query: { name } } })),
    fileUrl: (form) => `/api/versions/${encodeURIComponent(version)}/docs/file?form=${form}`,
    send: (body) => dataOf(api.POST('/api/versions/{version}/try', { params: { path }, body })),
    token: (body) => dataOf(api.POST('/api/try/token', { body })),
  }
}

/** A version as it is published, for a partner. */
export function portalSource(partner: string, version: string): Source {
  const path = { partner, version }
  const at = `/portal/${encodeURIComponent(partner)}/apis/${encodeURIComponent(version)}`
  return {
    triesWith: 'portal:write',
    base: at,
    index: () => dataOf(api.GET('/api/portal/{partner}/apis/{version}/docs', { params: { path } })),
    operation: (operation) =>
      dataOf(
        api.GET('/api/portal/{partner}/apis/{version}/docs/operations/{operation}', {
          params: { path: { ...path, operation } },
        }),
      ),
    part: (name) =>
      dataOf(
        api.GET('/api/portal/{partner}/apis/{version}/docs/part', { params: { path, query: { name } } }),
      ),
    fileUrl: (form) => `/api${at}/docs/file?form=${form}`,
    send: (body) =>
      dataOf(
        api.POST('/api/portal/{partner}/try', { params: { path: { partner } }, body: { ...body, version } }),
      ),
    token: (body) =>
      dataOf(api.POST('/api/portal/{partner}/try/token', { params: { path: { partner } }, body })),
  }
}
