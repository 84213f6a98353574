import { createServer } from 'node:http'
import { listen, shut } from './seen.ts'
import { until } from './until.ts'

/** A span as it came over the wire, with its attributes as plain values. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: number
  /** ns since the epoch */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly isError: boolean
  readonly resource: Readonly<Record<string, unknown>>
}

export const spanKind = { server: 2, client: 3 }

/** An OpenTelemetry collector as far as a test needs one: takes OTLP over HTTP in JSON, strictly, and keeps it. */
export interface Collector {
  /** Where spans are to be sent. */
  readonly url: string
  readonly spans: ReceivedSpan[]
  /** Headers of the requests, in order. */
  readonly headers: Record<string, string | string[] | undefined>[]
  /** Bodies as they came. */
  readonly bodies: string[]
  /** Answers that are given from now on; 200 at first. */
  answer(status: number): void
  /** The spans of a trace, once there are so many. */
  trace(traceId: string, count: number): Promise<ReceivedSpan[]>
  close(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const spans: ReceivedSpan[] = []
  const headers: Collector['headers'] = []
  const bodies: string[] = []
  let status = 200
  const server = createServer(async (req, res): Promise<unknown> => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    headers.push(req.headers)
    const text = Buffer.concat(chunks).toString()
    bodies.push(text)
    const isOurs = req.method === 'POST' && req.url === '/v1/traces'
    if (!isOurs || req.headers['content-type'] !== 'application/json') return res.writeHead(400).end()
    if (status === 200) spans.push(...decode(text))
    return res.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  const url = await listen(server)
  const of = (traceId: string) => spans.filter((span) => span.traceId === traceId)
  return {
    url: `${url}/v1/traces`,
    spans,
    headers,
    bodies,
    answer: (next) => {
      status = next
    },
    trace: (traceId, count) =>
      until(() => (of(traceId).length >= count ? of(traceId) : undefined), { timeoutMs: 20_000 }),
    close: () => shut(server),
  }
}

interface WireValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
interface WireAttribute {
  readonly key: string
  readonly value: WireValue
}
interface WireSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: WireAttribute[]
  readonly status: { readonly code: number }
}
interface WireRequest {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: WireAttribute[] }
    readonly scopeSpans: { readonly spans: WireSpan[] }[]
  }[]
}

/** opentelemetry-proto, trace/v1/trace.proto, in its JSON form. */
function decode(text: string): ReceivedSpan[] {
  return (JSON.parse(text) as WireRequest).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        traceState: span.traceState,
        name: span.name,
        kind: span.kind,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: plain(span.attributes),
        isError: span.status.code === 2,
        resource: plain(resource.attributes),
      })),
    ),
  )
}

function plain(attributes: WireAttribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.boolValue ??
        value.doubleValue ??
        (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  )
}
