import { z } from 'zod'
import { type FieldError, problem } from '../../registry/base/problem.ts'
import type { Operation, Version } from '../../registry/model.ts'
import { serverOf } from '../docs-document.ts'
import type { Outgoing } from './send.ts'

const headerValue = z
  .string()
  .max(4_000)
  .regex(/^[\t\x20-\x7e]*$/, 'printable ASCII only')
const headerName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'not a header name')

export const TryCall = z
  .strictObject({
    operation: z.string().min(1).max(300).describe('Its id.'),
    path: z
      .record(z.string().max(200), z.string().max(1_000))
      .default({})
      .describe('Path parameters by name, not encoded.'),
    query: z
      .array(z.strictObject({ name: z.string().min(1).max(200), value: z.string().max(4_000) }))
      .max(100)
      .default([]),
    headers: z
      .array(z.strictObject({ name: headerName, value: headerValue }))
      .max(50)
      .default([]),
    body: z
      .strictObject({ type: headerValue.min(1), text: z.string().max(500_000) })
      .nullable()
      .default(null),
    credential: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('api-key'), key: headerValue.min(1) }),
        z.strictObject({ kind: z.literal('token'), token: headerValue.min(1) }),
      ])
      .nullable()
      .default(null)
      .describe('Goes to the gateway and nowhere else; is neither kept nor logged.'),
  })
  .meta({ id: 'TryCall' })
export type TryCall = z.infer<typeof TryCall>

/**
 * Headers that a call cannot bring. Some say how the message is framed or which way it goes; a gateway may believe
 * others when they come from us, as it would a proxy's: a caller must not be able to say through us who it is.
 */
const closed = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'origin',
  'te',
  'trailer',
  'transfer-encoding',
  'tracestate',
  'traceparent',
  'upgrade',
  'via',
  'x-api-key',
  'x-real-ip',
])
const closedFamilies = /^(client-cert|forwarded|proxy-|sec-|x-forwarded-|x-client-|ssl-)/

/**
 * What goes to the gateway. The address is that of the operation: a caller fills in its parameters and can reach no
 * other.
 *
 * @param address of the person who tries, for a gateway that believes us where calls come from
 * @throws Problem input-invalid naming what is missing or not taken
 */
export function toOutgoing(
  version: Pick<Version, 'routing'>,
  operation: Operation,
  call: TryCall,
  gatewayUrl: string,
  address: string,
): Outgoing {
  const errors: FieldError[] = []
  const server = new URL(serverOf(version, gatewayUrl))
  const path = server.pathname.replace(/\/$/, '') + filledIn(operation.path, call.path, errors)
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'console' }
  for (const [i, { name, value }] of call.headers.entries()) {
    const lower = name.toLowerCase()
    if (closed.has(lower) || closedFamilies.test(lower))
      errors.push({ pointer: `/headers/${i}/name`, detail: `${lower} cannot be set here` })
    headers[lower] = value
  }
  if (errors.length > 0) throw problem('input-invalid', { errors })
  const { routing } = version
  if (routing.by === 'header') headers[routing.header] = routing.value
  if (call.credential?.kind === 'api-key') headers['x-api-key'] = call.credential.key
  if (call.credential?.kind === 'token') headers.authorization = `Bearer ${call.credential.token}`
  headers['x-forwarded-for'] = address
  headers['accept-encoding'] = 'identity'
  const body = call.body === null ? undefined : Buffer.from(call.body.text)
  if (call.body) headers['content-type'] = call.body.type
  if (body) headers['content-length'] = String(body.length)
  return { method: operation.method, path: path + queryOf(call), host: server.host, headers, body }
}

function filledIn(template: string, values: Readonly<Record<string, string>>, errors: FieldError[]): string {
  const path = template
    .split(/(\{[^{}/]+\})/)
    .map((part, i) => {
      if (i % 2 === 0) return encodeURI(part).replaceAll('%25', '%')
      const name = part.slice(1, -1)
      const value = Object.hasOwn(values, name) ? values[name]! : ''
      if (value === '') errors.push({ pointer: `/path/${name}`, detail: 'give this parameter a value' })
      if (!value.isWellFormed()) errors.push({ pointer: `/path/${name}`, detail: 'is not a text' })
      return encodeURIComponent(value.toWellFormed())
    })
    .join('')
  // A dot segment would be another address.
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path))
    errors.push({ pointer: '/path', detail: 'a part of a path cannot be `.` or `..`' })
  return path
}

function queryOf({ query }: TryCall): string {
  const pairs = query.map(
    ({ name, value }) =>
      `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
  )
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}
