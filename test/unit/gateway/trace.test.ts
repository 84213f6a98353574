import { describe, expect, test } from '@jest/globals'
import { openExchange } from '../../../gateway/exchange.ts'
import type { LiveTarget } from '../../../gateway/targets.ts'
import {
  attemptStarts,
  createTraceStart,
  type Sampling,
  traceIdOf,
  traceparentOf,
  tracestateOf,
} from '../../../gateway/trace.ts'
import { incoming } from '../../support/exchange.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const sampled = `00-${traceId}-${parentId}-01`
const unsampled = `00-${traceId}-${parentId}-00`

const opened = (raw: string[], remoteAddress = '192.0.2.1') => {
  const req = incoming({ raw: ['Host', 'api.test', ...raw], remoteAddress })
  return { req, x: openExchange(req, 0) }
}
const begun = (raw: string[], sampling: Partial<Sampling> = {}, remoteAddress?: string) => {
  const { req, x } = opened(raw, remoteAddress)
  const isTrustedProxy = (address: string) => address.startsWith('10.')
  createTraceStart({ ratio: 0, trust: 'proxies', isTrustedProxy, ...sampling })(x, req)
  return x
}

describe('while nothing is recorded', () => {
  test.each([sampled, unsampled, `00-${traceId}-${parentId}-03`])(
    'a valid one passes as it came: %s',
    (given) => {
      const { x } = opened(['traceparent', given, 'tracestate', 'a=1'])
      expect([traceparentOf(x), tracestateOf(x), traceIdOf(x)]).toEqual([given, 'a=1', traceId])
    },
  )

  test.each([
    ['no header', []],
    ['nothing', ['traceparent', '']],
    ['upper case', ['traceparent', sampled.toUpperCase()]],
    ['a trace id of zeros', ['traceparent', `00-${'0'.repeat(32)}-${parentId}-01`]],
    ['a parent id of zeros', ['traceparent', `00-${traceId}-${'0'.repeat(16)}-01`]],
    ['a tail that version 00 does not have', ['traceparent', `${sampled}-more`]],
    ['version ff', ['traceparent', sampled.replace(/^00/, 'ff')]],
    ['two of them', ['traceparent', sampled, 'traceparent', sampled]],
    ['a line too long', ['traceparent', `${sampled}00`]],
  ])('with %s a trace begins, named by the request id, without the state of another', (_, raw) => {
    const { x } = opened([...raw, 'tracestate', 'a=1'])
    const own = x.id.replaceAll('-', '')
    expect([traceparentOf(x), tracestateOf(x), traceIdOf(x)]).toEqual([
      `00-${own}-${own.slice(16)}-00`,
      undefined,
      own,
    ])
  })

  test('of a later version the known part is taken', () => {
    const { x } = opened(['traceparent', `cc-${traceId}-${parentId}-0b-what-the-future-brings`])
    expect(traceparentOf(x)).toBe(`00-${traceId}-${parentId}-03`)
  })
})

describe('which calls are recorded', () => {
  const isRecorded = (...args: Parameters<typeof begun>) => begun(...args).trace !== undefined

  test('all, none or a share of those that begin here', () => {
    expect([isRecorded([], { ratio: 1 }), isRecorded([], { ratio: 0 })]).toEqual([true, false])
    const some = Array.from({ length: 2_000 }, () => isRecorded([], { ratio: 0.5 })).filter(Boolean)
    expect(some.length).toBeGreaterThan(800)
    expect(some.length).toBeLessThan(1_200)
  })

  test.each<[Sampling['trust'], string, string, boolean]>([
    ['proxies', '10.0.0.1', sampled, true],
    ['proxies', '192.0.2.1', sampled, false],
    ['nobody', '10.0.0.1', sampled, false],
    ['everyone', '192.0.2.1', sampled, true],
  ])('trust %s, peer %s: %s decides: %s', (trust, peer, given, expected) => {
    expect(isRecorded(['traceparent', given], { trust, ratio: 0 }, peer)).toBe(expected)
  })

  test('who is trusted decides against recording, too; a stranger does not', () => {
    const raw = ['traceparent', unsampled]
    expect(isRecorded(raw, { ratio: 1 }, '10.0.0.1')).toBe(false)
    expect(isRecorded(raw, { ratio: 1 }, '192.0.2.1')).toBe(true)
  })
})

describe('what the target is told', () => {
  const target = { id: 't1', url: 'http://10.0.0.9:80' } as LiveTarget

  test('each attempt has an id of its own, in the trace of the caller', () => {
    const x = begun(['traceparent', sampled, 'tracestate', 'a=1'], { trust: 'everyone' })
    const told = [0, 1].map(() => {
      const header = traceparentOf(x)
      attemptStarts(x, target)
      return header
    })
    expect(told).toEqual(x.trace!.attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`))
    expect(new Set([...told, sampled, x.trace!.spanId]).size).toBe(4)
    expect([x.trace!.parentId, tracestateOf(x)]).toEqual([parentId, 'a=1'])
  })

  test('a refused flag is taken back, beside an id of our own', () => {
    const x = begun(['traceparent', `00-${traceId}-${parentId}-03`])
    expect(traceparentOf(x)).toBe(`00-${traceId}-${x.id.replaceAll('-', '').slice(16)}-02`)
  })

  test('what was not recorded before passes as it came', () => {
    expect(traceparentOf(begun(['traceparent', unsampled]))).toBe(unsampled)
  })
})
