import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import type { UpstreamProtocol } from '../registry/model.ts'
import type { ActiveCheck } from '../registry/upstream-health.ts'
import type { Reason } from './health-cells.ts'
import { askOverHttp2 } from './http2/probe.ts'

/** What one check found: undefined when it passed. */
export type Finding = Extract<Reason, 'check-status' | 'check-timeout' | 'check-failed'> | undefined

export interface ProbeTarget {
  readonly url: string
  /** HTTP/1.1 where absent. */
  readonly protocol?: UpstreamProtocol
  readonly check: ActiveCheck
  readonly caCertificate: string | undefined
}

/** Checks a target once, over a connection of its own: so it is seen, too, whether it takes connections. Never throws. */
export function probe(target: ProbeTarget): Promise<Finding> {
  if (target.check.type === 'tcp') return probeTcp(target)
  return (target.protocol ?? 'http1') === 'http1' ? probeHttp(target) : probeHttp2(target)
}

function probeTcp({ url, check }: ProbeTarget): Promise<Finding> {
  return new Promise((resolve) => {
    const { hostname, port, protocol } = new URL(url)
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
    })
    const end = (finding: Finding) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(finding)
    }
    const timer = setTimeout(() => end('check-timeout'), check.timeoutMs)
    socket.once('connect', () => end(undefined)).on('error', () => end('check-failed'))
  })
}

function probeHttp({ url, check, caCertificate }: ProbeTarget): Promise<Finding> {
  return new Promise((resolve) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp
    const req = request(new URL(check.path, url), {
      agent: false,
      ...(caCertificate && { ca: caCertificate }),
      headers: { 'user-agent': 'gateway-health-check', accept: '*/*' },
    })
    const end = (finding: Finding) => {
      clearTimeout(timer)
      req.destroy()
      resolve(finding)
    }
    const timer = setTimeout(() => end('check-timeout'), check.timeoutMs)
    req.once('response', (res) => {
      res.on('error', () => {})
      end(isExpected(res.statusCode ?? 0, check.expectedStatuses) ? undefined : 'check-status')
    })
    req.on('error', () => end('check-failed'))
    req.end()
  })
}

function probeHttp2({ url, check, caCertificate }: ProbeTarget): Promise<Finding> {
  return new Promise((resolve) => {
    const end = (finding: Finding) => {
      clearTimeout(timer)
      resolve(finding)
      giveUp()
    }
    const timer = setTimeout(() => end('check-timeout'), check.timeoutMs)
    const ask = { url, path: check.path, caCertificate, withinMs: check.timeoutMs + 1_000 }
    const giveUp = askOverHttp2(ask, (status) => {
      if (status === undefined) end('check-failed')
      else end(isExpected(status, check.expectedStatuses) ? undefined : 'check-status')
    })
  })
}

export function isExpected(status: number, ranges: readonly string[]): boolean {
  return ranges.some((range) => {
    const [from, to = from] = range.split('-')
    return status >= Number(from) && status <= Number(to)
  })
}
