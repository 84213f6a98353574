import {
  type Attributes,
  type Counter,
  createNoopMeter,
  createTraceState,
  type MeterProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace as spans,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { AttemptTrace, Exchange, Trace } from '../policies/policy.ts'
import type { Config } from '../registry/base/config.ts'
import type { Log } from '../registry/base/log.ts'
import type { CallerRequest } from './caller.ts'
import type { NetworkSet } from './client-address.ts'
import type { Timing } from './handle.ts'
import { knownMethods, type SpanOutcome } from './metrics.ts'
import { createTraceStart, tracestateOf } from './trace.ts'

/**
 * Records calls as OpenTelemetry spans and sends them by OTLP over HTTP. The only file that imports OpenTelemetry; it is
 * loaded only where a collector is named.
 *
 * Spans are made when a call has ended, from times that were noted on the way. They hold nothing that a caller wrote:
 * no path but its template, no query, no header, no body.
 */
export interface Tracing {
  /** Decides whether the call is recorded. */
  begin(x: Exchange, req: CallerRequest): void
  record(x: Exchange, trace: Trace, timing: Timing): void
  /** Sends what waits, as far as the collector takes it within some seconds. */
  close(): Promise<void>
}

export interface TracingParts {
  readonly config: Config
  readonly publicUrl: string
  readonly log: Log
  readonly isTrustedProxy: NetworkSet
  readonly spansEnded: (outcome: SpanOutcome, count: number) => void
}

export type OpenTracing = typeof openTracing

/** One batch at a time is on its way to the collector, so long; the rest waits in the queue. */
const exportTimeoutMs = 3_000
const exportEveryMs = 1_000
const batchSpans = 512
const longestAttribute = 256

export function openTracing(parts: TracingParts): Tracing {
  const { config, publicUrl, isTrustedProxy } = parts
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({
      url: config.GATEWAY_TRACE_ENDPOINT!,
      headers: { ...config.traceHeaders },
      timeoutMillis: exportTimeoutMs,
      concurrencyLimit: 1_000, // the processor sends one at a time, but for what is left in the end
    }),
    maxQueueSize: config.GATEWAY_TRACE_MAX_QUEUED_SPANS,
    maxExportBatchSize: Math.min(batchSpans, config.GATEWAY_TRACE_MAX_QUEUED_SPANS),
    scheduledDelayMillis: exportEveryMs,
    selfObsMeterProvider: countSpans(parts),
  })
  const ids = { trace: '', span: '' } // of the span that is being made
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(), // what comes here was chosen by `begin`
    idGenerator: { generateTraceId: () => ids.trace, generateSpanId: () => ids.span },
    resource: resourceOf(config),
    spanLimits: { attributeValueLengthLimit: longestAttribute },
    spanProcessors: [processor],
  })
  const tracer = provider.getTracer('payments-gateway')
  const server = addressOf(publicUrl)

  function start(
    name: string,
    kind: SpanKind,
    startTime: number,
    attributes: Attributes,
    spanId: string,
    parent: SpanContext | undefined,
  ): Span {
    ids.span = spanId
    const context = parent ? spans.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
    return tracer.startSpan(name, { kind, startTime, attributes }, context)
  }

  function recordAttempt(x: Exchange, i: number, parent: SpanContext, toEpoch: ToEpoch, timing: Timing) {
    const attempt = x.trace!.attempts[i]!
    const attributes = attributesOfAttempt(x, attempt, i, timing.isAborted)
    const startTime = toEpoch(attempt.startMs)
    const span = start(methodOf(x), SpanKind.CLIENT, startTime, attributes, attempt.spanId, parent)
    if (attributes['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(toEpoch(attempt.endMs ?? timing.startedMs + timing.totalMs))
  }

  return {
    begin: createTraceStart({
      ratio: config.GATEWAY_TRACE_SAMPLE_RATIO,
      trust: config.GATEWAY_TRACE_TRUST_SAMPLED,
      isTrustedProxy,
    }),
    record(x, trace, timing) {
      // The wall clock may be set while a call runs: so it is read once, and durations are by the monotonic one.
      const { startedMs, totalMs } = timing
      const toEpoch = (ms: number) => x.startedAt + ms - startedMs
      ids.trace = trace.traceId
      const { template } = x.route ?? {}
      const method = methodOf(x)
      const name = template === undefined ? method : `${method} ${template}`
      const attributes = { ...server, ...attributesOfCall(x, timing) }
      const parent = parentOf(x, trace)
      const span = start(name, SpanKind.SERVER, x.startedAt, attributes, trace.spanId, parent)
      if (timing.status >= 500 || (x.problem && timing.isAborted))
        span.setStatus({ code: SpanStatusCode.ERROR })
      for (let i = 0; i < trace.attempts.length; i++) recordAttempt(x, i, span.spanContext(), toEpoch, timing)
      span.end(toEpoch(startedMs + totalMs))
    },
    close: () => provider.shutdown().catch(() => {}), // what was lost is counted
  }
}

type ToEpoch = (monotonicMs: number) => number

function resourceOf(config: Config) {
  const pairs = config.GATEWAY_TRACE_ATTRIBUTES.map((pair) => pair.split(/=(.*)/s, 2) as [string, string])
  return defaultResource().merge(
    resourceFromAttributes({
      ...Object.fromEntries(pairs),
      'service.name': config.GATEWAY_TRACE_SERVICE_NAME,
      'service.instance.id': config.GATEWAY_ID,
    }),
  )
}

function parentOf(x: Exchange, { traceId, parentId, flags }: Trace): SpanContext | undefined {
  if (parentId === undefined) return undefined
  const state = tracestateOf(x)
  return {
    traceId,
    spanId: parentId,
    traceFlags: flags,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  }
}

const methodOf = ({ request: { method } }: Exchange) => (knownMethods.has(method) ? method : '_OTHER')

/** Names of the semantic conventions for HTTP, and ours. `url.path` and `url.query` are left out: they may tell secrets. */
function attributesOfCall(x: Exchange, { status, isAborted }: Timing): Attributes {
  const { route, identity, problem } = x
  return {
    'http.request.method': methodOf(x),
    'url.scheme': x.request.scheme,
    'client.address': x.request.ip,
    ...(status > 0 && { 'http.response.status_code': status }),
    ...(route && {
      'http.route': route.template,
      'gateway.api': route.apiName,
      'gateway.version': route.versionName,
      'gateway.operation': route.operation.id,
    }),
    ...(identity && {
      'gateway.partner.id': identity.partnerId,
      'gateway.application.id': identity.applicationId,
      'gateway.environment': identity.environment,
    }),
    'gateway.request.id': x.id,
    'gateway.attempts': x.attempt,
    ...(isAborted && { 'gateway.is_aborted': true }),
    ...(problem && { 'gateway.problem': problem.code }),
    ...errorOf(problem?.code ?? (isAborted ? 'caller-gone' : undefined), status >= 500 ? status : 0),
  }
}

function attributesOfAttempt(x: Exchange, attempt: AttemptTrace, i: number, isAborted: boolean): Attributes {
  // One that did not fail ended with the call: with the whole answer, broken off by the service, or left by the partner.
  const didFail = attempt.problem !== undefined
  const status = didFail ? undefined : x.response?.status
  const problem = attempt.problem ?? x.problem?.code ?? (isAborted ? 'caller-gone' : undefined)
  return {
    'http.request.method': methodOf(x),
    ...addressOf(attempt.url),
    'gateway.upstream': attempt.upstream,
    'gateway.target': attempt.target,
    ...(i > 0 && { 'http.request.resend_count': i }),
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...errorOf(problem, status !== undefined && status >= 400 ? status : 0),
  }
}

const errorOf = (code: string | undefined, status: number): Attributes =>
  code !== undefined ? { 'error.type': code } : status > 0 ? { 'error.type': String(status) } : {}

function addressOf(url: string): Attributes {
  const { hostname, port, protocol } = new URL(url)
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  }
}

/** The processor says by a meter what became of its spans: counted here, and logged when it changes. */
function countSpans({ spansEnded, log }: TracingParts): MeterProvider {
  let isFailing = false
  const processed: Counter = {
    add(count, attributes) {
      const error = attributes?.['error.type']
      const outcome = error === undefined ? 'sent' : error === 'queue_full' ? 'dropped' : 'failed'
      spansEnded(outcome, count)
      if (outcome === 'dropped' || isFailing === (outcome === 'failed')) return
      isFailing = !isFailing
      if (isFailing) log.warn({ error }, 'the collector of traces does not take spans; they are lost')
      else log.info('the collector of traces takes spans again')
    },
  }
  const meter = createNoopMeter()
  const nothing = meter.createCounter('')
  meter.createCounter = (name) => (name === 'otel.sdk.processor.span.processed' ? processed : nothing)
  return { getMeter: () => meter }
}
