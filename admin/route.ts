import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import type { ShownAdminToken } from '../registry/admin-tokens.ts'
import type { Config } from '../registry/base/config.ts'
import type { Log } from '../registry/base/log.ts'
import type { ProblemCode } from '../registry/base/problem.ts'
import type { Actor, Page, Registry, Stored } from '../registry/store.ts'
import type { Accounts } from './accounts/auth.ts'
import type { Caller } from './auth/caller.ts'
import type { Asked } from './auth/permissions.ts'

/** One address of the admin API. The same row mounts the handler and describes it, so that the two cannot drift. */
export interface Route<Path extends string = string, Query = unknown, Body = unknown> {
  /** operationId of the OpenAPI document, label of the metrics. */
  readonly id: string
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** OpenAPI form, e.g. `/api/apis/{api}`. */
  readonly path: Path
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /**
   * What the caller must be allowed; `any`: whoever is known; `person`: who signed in; `public`: nobody is asked.
   * `portal:…`: for members of the partner in the address, and nobody else.
   */
  readonly permission: Asked | 'public'
  /** Whether people must have proved themselves within the last minutes: for what breaks things and cannot be undone. */
  readonly isDangerous?: boolean
  /** Strict: an unknown parameter is an error. Without it the route takes no parameters. */
  readonly query?: z.ZodType<Query>
  /** The JSON body's schema; `document`: the raw bytes of an OpenAPI document, as a Buffer. */
  readonly body?: z.ZodType<Body> | 'document'
  readonly answer: AnswerShape
  /** Refusals beyond those that every route knows. */
  readonly refuses?: readonly ProblemCode[]
  handle(call: Call<Path, Query, Body>): Promise<Answer>
}
// biome-ignore lint/suspicious/noExplicitAny: the table holds routes of every query and body type.
export type AnyRoute = Route<any, any, any>

export interface AnswerShape {
  readonly status: 200 | 201 | 204
  /** Absent: no body. */
  readonly schema?: z.ZodType
  /** Where the body is not JSON. */
  readonly types?: readonly string[]
  /** Whether the answer is a single record and carries its ETag. */
  readonly hasEtag?: boolean
}

/** What a handler gets. */
export interface Call<Path extends string, Query, Body> {
  readonly registry: Registry
  readonly config: Config
  readonly log: Log
  /** Who is told in the audit. */
  readonly actor: Actor
  /** Where the caller is a program. */
  readonly token: ShownAdminToken | undefined
  readonly caller: Caller
  /** Of the request itself, for rows of accounts. */
  readonly from: From
  readonly params: ParamsOf<Path>
  readonly query: Query
  readonly body: Body
  /** The etag that the caller expects; `undefined`: whatever is there (`If-Match: *`, or none where none is required). */
  readonly ifMatch: string | undefined
}

export interface From {
  readonly req: IncomingMessage
  /** As far as proxies are believed. */
  readonly address: string
  readonly accounts: Accounts
  /** Of the console, as browsers see it. */
  readonly origin: string
}

export interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly etag?: string
  readonly location?: string
  /** Whole lines of Set-Cookie. */
  readonly cookies?: readonly string[]
  readonly raw?: { readonly type: string; readonly bytes: Buffer | string }
}

type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string } & ParamsOf<Rest>
  : unknown

/** Infers the types of a row; the table itself forgets them. */
export function route<const Path extends string, Query = unknown, Body = unknown>(
  row: Route<Path, Query, Body>,
): AnyRoute {
  return row
}

/** Changes of what is there must name what they expect to change: nobody overwrites unseen work. */
export const needsMatch = (row: AnyRoute) => row.method === 'put' || row.method === 'delete'

export function record<T>(stored: Stored<T>, view: (value: T) => unknown = (value) => value): Answer {
  return { body: view(stored.value), etag: stored.etag }
}

export function created<T extends { id: string }>(
  stored: Stored<T>,
  collection: string,
  view: (value: T) => unknown = (value) => value,
): Answer {
  return { status: 201, ...record(stored, view), location: `${collection}/${stored.value.id}` }
}

export function list<T>(page: Page<T>, view: (value: T) => unknown = (value) => value): Answer {
  return { body: { items: page.items.map((item) => view(item.value)), next: page.next } }
}
