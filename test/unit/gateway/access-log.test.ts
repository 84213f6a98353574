import { expect, test } from '@jest/globals'
import { accessLine } from '../../../gateway/access-log.ts'
import type { Timing } from '../../../gateway/handle.ts'
import type { Exchange, Identity, Route, TargetView, UpstreamView } from '../../../policies/policy.ts'
import { type ProblemOptions, problem } from '../../../registry/base/problem.ts'
import { type RequestLike, readExchange } from '../../support/exchange.ts'

const info = 30
const timing: Timing = { startedMs: 0, totalMs: 12.34567, upstreamMs: 10.0004, status: 200, isAborted: false }

const route = {
  apiName: 'pay "now"',
  versionName: 'v1',
  operation: { id: 'get\npayment', path: '/payments/{id}' },
} as Route
const identity = {
  partnerId: 'par_1',
  applicationId: 'app_1',
  credentialId: 'cre_1',
  environment: 'live',
} as Identity

function lineOf(fill: (x: Exchange) => void, request: RequestLike = {}, at = timing, isFault = false) {
  const x = readExchange({ url: '/payments/1?key=secret', ...request })
  fill(x)
  const line = accessLine(x, at, info, isFault)
  expect(line.indexOf('\n')).toBe(line.length - 1) // whatever the values hold, one call is one line
  return { id: x.id, fields: JSON.parse(line) as Record<string, unknown> }
}

test('a line has the fields of pino and those of the call', () => {
  const { id, fields } = lineOf((x) => {
    x.route = route
    x.identity = identity
    x.upstream = { name: 'service' } as UpstreamView
    x.target = { id: 'one' } as TargetView
    x.attempt = 2
    x.notes.rateLimit = 'taken'
  })
  expect(fields).toEqual({
    level: info,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    pid: process.pid,
    hostname: expect.any(String),
    name: 'access',
    id,
    trace: id.replaceAll('-', ''),
    ip: '192.0.2.1',
    method: 'GET',
    api: 'pay "now"',
    version: 'v1',
    operation: 'get\npayment',
    path: '/payments/{id}',
    status: 200,
    ms: 12.346,
    upstreamMs: 10,
    partner: 'par_1',
    application: 'app_1',
    credential: 'cre_1',
    environment: 'live',
    upstream: 'service',
    target: 'one',
    attempts: 2,
    rateLimit: 'taken',
  })
})

test('what led nowhere is shown without query, long digits and keys', () => {
  const url = '/cards/4111111111111111/pgk_live_abcdefghijklmnopqrstuvwxyzAB?pin=1234'
  const { fields } = lineOf(() => {}, { url })
  expect(fields).toMatchObject({ path: '/cards/[digits]/[hidden]' })
  expect(fields).not.toHaveProperty('api')
  expect(fields).not.toHaveProperty('partner')
  expect(fields).not.toHaveProperty('target')
})

test.each(['" , "status":999', '\\', '\u2028\u0000\u001f', 'Ünïcødé ✓'])(
  'a value with %j stays one value',
  (value) => {
    const { fields } = lineOf((x) => {
      x.problem = problem('upstream-broke', { note: value })
      x.notes[value] = value
    })
    expect(fields).toMatchObject({ status: 200, note: value, [value]: value, problem: 'upstream-broke' })
  },
)

test('a fault says its cause, without what may be a secret in it; a refusal does not', () => {
  const cause = new Error('no answer to 4111111111111111')
  const withProblem = (options: ProblemOptions) => (x: Exchange) => {
    x.problem = problem('upstream-broke', options)
  }
  const fault = lineOf(withProblem({ cause }), {}, timing, true)
  expect(fault.fields.cause).toMatch(/^Error: no answer to \[digits\]/)
  const refusal = lineOf(withProblem({ cause }), {}, timing, false)
  expect(refusal.fields).not.toHaveProperty('cause')
})

test('a call without an answer says so', () => {
  const { fields } = lineOf(
    () => {},
    {},
    { startedMs: 0, totalMs: 1, upstreamMs: undefined, status: 0, isAborted: true },
  )
  expect(fields).toMatchObject({ status: 0, isAborted: true })
  expect(fields).not.toHaveProperty('upstreamMs')
})
