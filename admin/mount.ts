import type { Express, RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { Config } from '../registry/base/config.ts'
import type { Log } from '../registry/base/log.ts'
import { problem } from '../registry/base/problem.ts'
import type { Registry } from '../registry/store.ts'
import type { Accounts } from './accounts/auth.ts'
import { consoleOrigin } from './accounts/origin.ts'
import { type Caller, callerOf } from './auth/caller.ts'
import { isOfPortal, requireFresh, requireMembership, requirePermission } from './auth/permissions.ts'
import { requireSameOrigin } from './auth/same-origin.ts'
import { readDocumentBytes, readJson } from './body.ts'
import { parseOr400 } from './field-errors.ts'
import { quoted, readIfMatch } from './match.ts'
import { type Answer, type AnyRoute, needsMatch } from './route.ts'

export interface Context {
  readonly registry: Registry
  readonly config: Config
  readonly log: Log
  readonly accounts: Accounts
}

/** Mounts every row of the table, and for each address a 405 with Allow for the methods that it does not take. */
export function mountRoutes(app: Express, routes: readonly AnyRoute[], context: Context): void {
  const methodsOf = new Map<string, string[]>()
  for (const row of routes) {
    const path = expressPath(row.path)
    app[row.method](path, serve(row, context))
    const methods = methodsOf.get(path) ?? []
    methodsOf.set(path, [...methods, row.method.toUpperCase()])
  }
  // After all of them: `/snapshots/{number}` would otherwise refuse what `/snapshots/current` takes.
  for (const [path, methods] of methodsOf) app.all(path, refuseMethod(methods))
}

/** `{name}` of OpenAPI as `:name` of express. */
const expressPath = (path: string) => path.replace(/\{(\w+)\}/g, ':$1')

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allow = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  return () => {
    throw problem('method-not-allowed', { headers: { Allow: allow.join(', ') } })
  }
}

/** The story of a request: who, whether, what, do, answer. */
function serve(row: AnyRoute, { registry, config, log, accounts }: Context): RequestHandler {
  const querySchema = row.query ?? z.strictObject({})
  return async (req, res) => {
    res.locals.operation = row.id
    const address = req.ip ?? ''
    const origin = consoleOrigin(config, req.headers.host)
    const isWithCookie = req.headers.authorization === undefined && req.headers.cookie !== undefined
    if (isWithCookie || row.id in openToBrowsers) requireSameOrigin(req, origin)
    const { token, ...caller } =
      row.permission === 'public' ? nobody : await callerOf(registry, accounts, req, address)
    res.locals.actor = caller.id || undefined
    const partnerId = await admit(row, caller, registry, String(req.params.partner))
    if (row.isDangerous) await requireFresh(registry, caller)
    const ifMatch = readIfMatch(req.headers['if-match'], needsMatch(row))
    const query = parseOr400(querySchema, { ...req.query }, 'query parameter')
    let body: unknown
    if (row.body === 'document') body = await readDocumentBytes(req, res, config.ADMIN_MAX_DOCUMENT_BYTES)
    else if (row.body) body = parseOr400(row.body, await readJson(req, res))
    const actor = { id: caller.id || 'nobody' }
    const from = { req, address, accounts, origin }
    const params = partnerId === undefined ? req.params : { ...req.params, partner: partnerId }
    const call = { registry, config, log, actor, token, caller, from, params, query, body, ifMatch }
    send(res, row, await row.handle(call))
  }
}

/** Rows without a session that change something: a page of another site must not sign somebody in. */
const openToBrowsers: Record<string, true> = { signIn: true, passSecondFactor: true }

const nobody: Caller & { token?: undefined } = { id: '', permissions: [], session: undefined }

/** @returns the id of the partner of a portal's row */
async function admit(
  row: AnyRoute,
  caller: Caller,
  registry: Registry,
  partner: string,
): Promise<string | undefined> {
  if (row.permission === 'public') return undefined
  if (isOfPortal(row.permission)) return requireMembership(registry, caller, partner, row.permission)
  requirePermission(caller, row.permission)
  return undefined
}

function send(res: Response, row: AnyRoute, answer: Answer): void {
  const status = answer.status ?? row.answer.status
  if (answer.etag !== undefined) res.setHeader('ETag', quoted(answer.etag))
  if (answer.location !== undefined) res.setHeader('Location', answer.location)
  for (const cookie of answer.cookies ?? []) res.appendHeader('Set-Cookie', cookie)
  res.status(status)
  if (answer.raw) {
    res.setHeader('Content-Type', answer.raw.type)
    res.send(Buffer.from(answer.raw.bytes as string))
  } else if (answer.body === undefined) res.end()
  else res.json(answer.body)
}
