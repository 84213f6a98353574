import { type GatewayView, type Limits, runTask, unfinished } from './run.ts'

export type { GatewayView } from './run.ts'

const defaultLimits: Limits = { maxBytes: Number.MAX_SAFE_INTEGER, timeoutMs: 30_000 }

/** A stored document as partners see it: its servers are the gateway, its security is what the gateway enforces. */
export async function publishedDocument(
  bytes: Buffer,
  options: GatewayView,
  limits = defaultLimits,
): Promise<Record<string, unknown>> {
  return JSON.parse((await publishedText(bytes, options, limits)).toString())
}

/**
 * The same as JSON text: sent on as it is, a document of megabytes does not hold up the caller's loop.
 *
 * @param form `postman`: a collection of Postman instead
 */
export async function publishedText(
  bytes: Buffer,
  options: GatewayView,
  limits = defaultLimits,
  form: 'openapi' | 'postman' = 'openapi',
): Promise<Buffer> {
  const outcome = await runTask({ kind: 'publish', bytes, options, form }, limits)
  const published = outcome.answers.find((a) => a.kind === 'published')
  if (!published) throw unfinished(outcome, limits)
  return Buffer.from(published.text.buffer, published.text.byteOffset, published.text.byteLength)
}
