import { describe, expect, test } from '@jest/globals'
import { grpcHeaders, grpcStatus } from '../../../gateway/grpc.ts'
import { type ProblemCode, problem, problems } from '../../../registry/base/problem.ts'

describe('a problem as a status of gRPC', () => {
  test.each([
    ['request-malformed', 3],
    ['credential-missing', 16],
    ['scope-insufficient', 7],
    ['route-unknown', 12],
    ['method-not-allowed', 12],
    ['body-too-large', 8],
    ['rate-limited', 8],
    ['internal', 13],
    ['upstream-unreachable', 14],
    ['upstream-busy', 14],
    ['not-ready', 14],
    ['upstream-timeout', 4],
  ] as [ProblemCode, number][])('%s is %i', (code, status) => {
    expect(grpcStatus(problem(code))).toBe(status)
  })

  test('is never one that clients send again by themselves where the same call must not be', () => {
    const again = Object.entries(problems).filter(([code]) => grpcStatus(problem(code as ProblemCode)) === 14)
    for (const [, row] of again) expect(row.retryable).toBe(true)
  })

  test('has its detail as the message, escaped', () => {
    const headers = grpcHeaders(problem('rate-limited', { detail: '100 % – ü\n' }), [
      'content-type',
      'application/problem+json',
      'retry-after',
      '3',
    ])
    expect(headers).toEqual([
      'content-type',
      'application/grpc',
      'grpc-status',
      '8',
      'grpc-message',
      '100 %25 %E2%80%93 %C3%BC%0A',
      'retry-after',
      '3',
    ])
  })
})
