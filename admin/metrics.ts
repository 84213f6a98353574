import type { RequestHandler } from 'express'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** The admin service's own numbers. Labels come from the route table, so their values are bounded. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'admin_requests_total',
    help: 'Requests answered, by operation and status.',
    labelNames: ['operation', 'status'] as const,
    registers,
  })
  const seconds = new Histogram({
    name: 'admin_request_seconds',
    help: 'Time from the head of the request to the end of the answer.',
    labelNames: ['operation'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    registers,
  })
  const refusals = new Counter({
    name: 'admin_refusals_total',
    help: 'Problems answered, by code.',
    labelNames: ['code'] as const,
    registers,
  })
  const isStoreUp = new Gauge({
    name: 'admin_store_up',
    help: '1 while Redis answered at the last look, else 0.',
    registers,
  })
  return {
    requests,
    seconds,
    refusals,
    isStoreUp,
    contentType: registry.contentType,
    text: () => registry.metrics(),
  }
}

export function countRequests(metrics: Metrics): RequestHandler {
  return (_req, res, next) => {
    const startedAt = performance.now()
    res.once('close', () => {
      const operation = res.locals.operation ?? 'none'
      metrics.requests.inc({ operation, status: res.statusCode })
      metrics.seconds.observe({ operation }, (performance.now() - startedAt) / 1000)
      if (res.locals.problem) metrics.refusals.inc({ code: res.locals.problem })
    })
    next()
  }
}
