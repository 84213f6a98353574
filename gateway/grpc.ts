import type { HeaderList } from '../policies/policy.ts'
import type { Problem } from '../registry/base/problem.ts'
import type { CallerRequest } from './caller.ts'
import { isHttp2 } from './http2/request.ts'

/** gRPC reads no problem+json: to its callers a refusal is a status in the head, which is all there is of the answer. */

export const isGrpc = (req: CallerRequest): boolean =>
  isHttp2(req) && /^application\/grpc(?:$|[+;])/.test(req.headers['content-type'] ?? '')

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const status = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

const byHttpStatus: Readonly<Record<number, number>> = {
  400: status.invalidArgument,
  401: status.unauthenticated,
  403: status.permissionDenied,
  404: status.unimplemented,
  405: status.unimplemented,
  408: status.deadlineExceeded,
  413: status.resourceExhausted,
  414: status.resourceExhausted,
  415: status.invalidArgument,
  417: status.invalidArgument,
  425: status.unavailable,
  429: status.resourceExhausted,
  431: status.resourceExhausted,
  500: status.internal,
  503: status.unavailable,
  504: status.deadlineExceeded,
}

/**
 * Clients of gRPC send a call again by themselves where it is UNAVAILABLE. So a call of which it is not known whether it
 * took effect is UNKNOWN.
 */
export function grpcStatus({ row }: Problem): number {
  if (row.status === 502) return row.retryable ? status.unavailable : status.unknown
  return byHttpStatus[row.status] ?? status.unknown
}

/** Of the same refusal in HTTP, as gRPC wants it. The answer's own status is 200. */
export function grpcHeaders(problem: Problem, headers: HeaderList): HeaderList {
  const kept = headers.filter((_, i) => headers[i - (i % 2)] !== 'content-type')
  const message = problem.detail ?? problem.row.title
  return [
    'content-type',
    'application/grpc',
    'grpc-status',
    String(grpcStatus(problem)),
    'grpc-message',
    escaped(message),
    ...kept,
  ]
}

/** What is not printable ASCII, and `%`, byte for byte. */
const escaped = (text: string) =>
  [...Buffer.from(text)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')
