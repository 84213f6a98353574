import { Problem, type ProblemCode, problem } from '../registry/base/problem.ts'
import { CallerGone } from './body.ts'
import type { LiveTarget } from './targets.ts'

export const sentDetail = 'The call had been sent to the service; whether it took effect is not known.'

/** What an attempt failed by, as a Problem. @param wasSent whether a byte of the call may have reached the target */
export function attemptProblem(error: Error, wasSent: boolean, target: LiveTarget): Problem {
  if (error instanceof Problem) return error
  if (error instanceof CallerGone)
    return problem('request-malformed', { note: 'the caller went away', cause: error })
  const code = codeOf(error, wasSent)
  const isUnsure = wasSent && (code === 'upstream-broke' || code === 'upstream-timeout')
  return problem(code, {
    cause: error,
    note: `target ${target.id}`,
    detail: isUnsure ? sentDetail : undefined,
  })
}

/** Of http1/ and of undici. */
const slowCodes = new Set([
  'CONNECT_TIMEOUT',
  'ANSWER_IDLE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const unwritableCodes = new Set(['UNWRITABLE', 'UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])

function codeOf(error: Error & { code?: string }, wasSent: boolean): ProblemCode {
  const code = error.code ?? ''
  if (slowCodes.has(code)) return 'upstream-timeout'
  if (unwritableCodes.has(code)) return 'request-malformed'
  if (
    // Without a code where the answer is not HTTP at all; an end in its midst is a break like any other.
    ((error.name === 'HTTPParserError' || code.startsWith('HPE_')) && code !== 'HPE_INVALID_EOF_STATE') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return 'upstream-answer-invalid'
  }
  if (
    code === 'ERR_INVALID_CHAR' ||
    code === 'ERR_INVALID_HTTP_TOKEN' ||
    code === 'ERR_HTTP_INVALID_STATUS_CODE'
  )
    return 'upstream-answer-invalid'
  return wasSent ? 'upstream-broke' : 'upstream-unreachable'
}
