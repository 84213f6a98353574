import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { load } from 'js-yaml'

interface Described {
  readonly paths: Record<string, Record<string, { operationId?: string; responses: Record<string, unknown> }>>
}

export interface Answered {
  readonly status: number
  /** Without parameters, e.g. `application/json`. */
  readonly mediaType: string
  readonly body: unknown
}

/** Compares answers of a service with an OpenAPI 3.1 document, whose references stay inside it. */
export function conformanceTo(file: string) {
  const document = load(readFileSync(file, 'utf8')) as Described
  // Schemas of OpenAPI 3.1 are JSON Schema; strict mode would mind its extra words.
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')

  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, responses }]) => ({
      id: operationId ?? '',
      method: method.toUpperCase(),
      path,
      responses,
      pointer: `#/paths/${inPointer(path)}/${method}/responses`,
    })),
  )

  /** What is wrong with an answer; empty when the document allows it. */
  function faults(operationId: string, { status, mediaType, body }: Answered): string[] {
    const operation = operations.find((o) => o.id === operationId)
    if (!operation) return [`no operation is called ${operationId}`]
    const written = operation.responses[status] as
      | { $ref?: string; content?: Record<string, unknown> }
      | undefined
    if (!written) return [`${operationId} does not document ${status}`]
    const pointer = written.$ref ?? `${operation.pointer}/${status}`
    const response = (written.$ref ? lookUp(document, written.$ref) : written) as {
      content?: Record<string, unknown>
    }
    if (!response.content?.[mediaType])
      return [`${operationId} ${status} does not document ${mediaType || 'no body'}`]
    const validate = ajv.getSchema(`document${pointer}/content/${inPointer(mediaType)}/schema`)
    if (!validate) return [`${pointer} has no schema`]
    if (validate(body)) return []
    return (validate.errors ?? []).map((e) => `${operationId} ${status} ${e.instancePath}: ${e.message}`)
  }

  return { operations: operations.map(({ id, method, path }) => ({ id, method, path })), faults }
}

function lookUp(root: unknown, ref: string): unknown {
  const segments = ref.split('/').slice(1)
  return segments.reduce(
    (at, s) => (at as Record<string, unknown>)[s.replaceAll('~1', '/').replaceAll('~0', '~')],
    root,
  )
}

function inPointer(segment: string): string {
  return encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))
}
