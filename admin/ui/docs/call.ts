import type { SampleCall } from '../kit/curl.ts'
import { type Components, resolve, type Schema, textOf } from './schema.ts'
import type { Documentation, OperationDocumentation, TryCall } from './source.tsx'

export type Place = 'path' | 'query' | 'header'

export interface Parameter {
  readonly in: Place
  readonly name: string
  readonly isRequired: boolean
  readonly isDeprecated: boolean
  readonly description: string
  readonly schema: unknown
}

/** What people fill in to make a call. An empty value is not sent. */
export interface Draft {
  readonly values: Readonly<Record<string, string>>
  readonly body: { readonly type: string; readonly text: string } | null
}

export const keyOf = ({ in: place, name }: Pick<Parameter, 'in' | 'name'>) => `${place} ${name}`

/** The operation's own object of OpenAPI. */
export function writtenOperation({ document, operation }: OperationDocumentation): Schema {
  const paths = document.paths as Record<string, Record<string, Schema>>
  return paths[operation.path]?.[operation.method.toLowerCase()] ?? {}
}

/** What the gateway or the body decides, though documents name it (OpenAPI 3.1 §4.8.12). */
const decidedElsewhere = new Set(['authorization', 'content-type', 'accept', 'x-api-key'])

export function parametersOf(written: Schema, components: Components): Parameter[] {
  const list = Array.isArray(written.parameters) ? written.parameters : []
  return list.flatMap((one) => {
    const { schema: parameter } = resolve(components, one)
    const [place, name] = [textOf(parameter, 'in'), textOf(parameter, 'name')]
    if (place !== 'path' && place !== 'query' && place !== 'header') return []
    if (place === 'header' && decidedElsewhere.has(name.toLowerCase())) return []
    const [media] = Object.values((parameter.content ?? {}) as Record<string, Schema>)
    return [
      {
        in: place,
        name,
        isRequired: place === 'path' || parameter.required === true,
        isDeprecated: parameter.deprecated === true,
        description: textOf(parameter, 'description'),
        schema: parameter.schema ?? media?.schema ?? {},
      } as const,
    ]
  })
}

export function draftOf({ exampleRequest }: OperationDocumentation): Draft {
  const entries = exampleRequest.parameters.map((one) => [keyOf(one), one.value] as const)
  return { values: Object.fromEntries(entries), body: exampleRequest.body }
}

const filled = (draft: Draft, parameters: readonly Parameter[], place: Place) =>
  parameters.flatMap((one) => {
    const value = draft.values[keyOf(one)] ?? ''
    return one.in === place && value !== '' ? [{ name: one.name, value }] : []
  })

/** For the relay. */
export function tryCallOf(
  operation: string,
  draft: Draft,
  parameters: readonly Parameter[],
  credential: TryCall['credential'],
): TryCall {
  return {
    operation,
    path: Object.fromEntries(filled(draft, parameters, 'path').map(({ name, value }) => [name, value])),
    query: filled(draft, parameters, 'query'),
    headers: filled(draft, parameters, 'header'),
    body: draft.body,
    credential,
  }
}

/** For samples of code. Path parameters that are not filled in stay in braces. */
export function sampleCallOf(
  { operation }: OperationDocumentation,
  { serverUrl, headers }: Documentation,
  draft: Draft,
  parameters: readonly Parameter[],
): SampleCall {
  const path = operation.path.replace(/\{([^{}]+)\}/g, (braced, name) => {
    const value = draft.values[`path ${name}`]
    return value ? encodeURIComponent(value) : braced
  })
  const query = filled(draft, parameters, 'query')
    .map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
  return {
    method: operation.method,
    url: serverUrl + path + (query && `?${query}`),
    headers: [...headers, ...filled(draft, parameters, 'header')],
    body: draft.body,
  }
}
