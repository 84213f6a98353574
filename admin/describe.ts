import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import { type ProblemCode, problems } from '../registry/base/problem.ts'
import { Problem } from './api/schemas.ts'
import { isOfPortal } from './auth/permissions.ts'
import { type AnyRoute, needsMatch } from './route.ts'

/** The OpenAPI 3.1 document of the admin API, from the same table that mounts it. */
export function describeRoutes(routes: readonly AnyRoute[]) {
  const paths: ZodOpenApiPathsObject = {}
  for (const row of routes) paths[row.path] = { ...paths[row.path], [row.method]: operation(row) }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Admin API',
      version: '1',
      description:
        'Registers and publishes APIs, and hands credentials to partners. Records are changed whole: read one, edit it, PUT it back with its `ETag` as `If-Match`. Refusals are `application/problem+json`; scripts may rely on their `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((row) => row.tag))].map((name) => ({ name })),
    security: [{ adminToken: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'An admin token: `pga_…`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'console.session_token',
          description: 'A person’s session, from `/api/session`. Taken from pages of the console only.',
        },
      },
    },
  })
}

function operation(row: AnyRoute): ZodOpenApiOperationObject {
  const names = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const path = z.object(Object.fromEntries(names.map((name) => [name, z.string()])))
  const ifMatch = { 'If-Match': z.string().describe('The `ETag` that was read, or `*`.') }
  return {
    operationId: row.id,
    tags: [row.tag],
    summary: row.summary,
    description: [row.description, permissionText(row)].filter(Boolean).join('\n\n'),
    ...(row.permission === 'public' ? { security: [] } : {}),
    requestParams: {
      ...(names.length > 0 ? { path } : {}),
      ...(row.query ? { query: row.query as z.ZodObject } : {}),
      ...(needsMatch(row) ? { header: z.object(ifMatch) } : {}),
    },
    ...(row.body ? { requestBody: requestBody(row.body) } : {}),
    responses: responses(row),
  }
}

function permissionText({ permission }: AnyRoute): string {
  if (permission === 'public') return 'Asks for no token.'
  if (permission === 'any') return 'Any live token or session will do.'
  if (permission === 'person') return 'For people with a session.'
  if (isOfPortal(permission)) return `For members of the partner with the permission \`${permission}\`.`
  return `Needs the permission \`${permission}\`.`
}

function requestBody(body: Exclude<AnyRoute['body'], undefined>) {
  if (body !== 'document') return { required: true, content: { 'application/json': { schema: body } } }
  const raw = { schema: {} }
  return { required: true, content: { 'application/json': raw, 'application/yaml': raw } }
}

function responses(row: AnyRoute): ZodOpenApiResponsesObject {
  const { status, schema, types = [], hasEtag } = row.answer
  const content = schema
    ? { 'application/json': { schema } }
    : Object.fromEntries(types.map((type) => [type, { schema: {} }]))
  const headers = z.object({
    ...(hasEtag ? { ETag: z.string().describe('For `If-Match`.') } : {}),
    ...(status === 201 ? { Location: z.string().describe('Where the new record is.') } : {}),
  })
  const answers: ZodOpenApiResponsesObject = {
    [`${status}`]: {
      description: row.summary,
      ...(Object.keys(headers.shape).length > 0 ? { headers } : {}),
      ...(Object.keys(content).length > 0 ? { content } : {}),
    },
  }
  for (const [code, list] of Map.groupBy(refusals(row), (code) => problems[code].status))
    answers[`${code}` as '400'] = {
      description: list.map((c) => `\`${c}\`: ${problems[c].title}.`).join('\n'),
      content: { 'application/problem+json': { schema: Problem } },
    }
  return answers
}

/** What any route of this shape may answer, and what this one adds. */
function refusals(row: AnyRoute): ProblemCode[] {
  const isGuarded = row.permission !== 'public'
  return [
    ...(row.body || row.query || needsMatch(row) ? (['input-invalid'] as const) : []),
    ...(row.body ? (['body-too-large', 'media-type-unsupported'] as const) : []),
    ...(isGuarded ? (['credential-missing', 'credential-invalid', 'rate-limited'] as const) : []),
    ...(isGuarded && row.permission !== 'any' ? (['access-denied'] as const) : []),
    ...(row.isDangerous ? (['sign-in-again'] as const) : []),
    ...(row.path.includes('{') ? (['not-found'] as const) : []),
    ...(needsMatch(row) ? (['precondition-failed', 'precondition-required'] as const) : []),
    ...(isGuarded ? (['store-unavailable'] as const) : []),
    ...(row.refuses ?? []),
  ].filter((code, i, all) => all.indexOf(code) === i)
}
