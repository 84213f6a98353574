import { readDocument } from '../../registry/openapi/index.ts'

/** A small document of OpenAPI 3.0 whose parts a test may replace. */
export function apiDocument(parts: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    openapi: '3.0.3',
    info: { title: 'Pay', version: '1' },
    paths: { '/pay': { post: operation({ operationId: 'pay' }) } },
    ...parts,
  }
}

export function operation(parts: Record<string, unknown> = {}): Record<string, unknown> {
  return { responses: { 200: { description: 'Done' } }, ...parts }
}

/** Reads a document given as text or as an object, with generous limits. */
export function read(document: string | Record<string, unknown>) {
  const text = typeof document === 'string' ? document : JSON.stringify(document, null, 2)
  return readDocument(Buffer.from(text), { maxBytes: 10_000_000, timeoutMs: 25_000 })
}
