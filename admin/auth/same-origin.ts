import type { IncomingMessage } from 'node:http'
import { problem } from '../../registry/base/problem.ts'

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A browser sends its cookie whoever's page asks. So what comes with one must come from a page of ours, and what changes
 * something must be JSON, which no form of another site can send without being asked first.
 *
 * @throws Problem origin-refused
 */
export function requireSameOrigin(req: IncomingMessage, origin: string): void {
  const { origin: given, 'sec-fetch-site': site, 'content-type': type } = req.headers
  const isForeign =
    (given !== undefined && given !== origin) || (site !== undefined && !ours.has(site as string))
  if (isForeign)
    throw problem('origin-refused', { detail: `Calls with a cookie are taken from ${origin} only.` })
  if (reading.has(req.method ?? '')) return
  const hasBody = req.headers['content-length'] !== undefined && req.headers['content-length'] !== '0'
  const isJson = /^application\/(json|yaml|octet-stream|vnd\.)/i.test(type ?? '')
  if ((hasBody || req.headers['transfer-encoding'] !== undefined) && !isJson)
    throw problem('media-type-unsupported', { detail: 'Send application/json.' })
  // Without either header it is no browser of the last years, or somebody who hides where they come from.
  if (given === undefined && site === undefined)
    throw problem('origin-refused', { detail: 'Send Origin with calls that have a cookie.' })
}

const ours = new Set(['same-origin', 'none'])
