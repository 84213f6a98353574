import { expect, test } from '@jest/globals'
import { createTrafficCounts } from '../../../../gateway/traffic/counts.ts'
import type { Exchange, Identity } from '../../../../policies/policy.ts'
import { requestsOf } from '../../../../registry/traffic/cells.ts'
import { exchange, identity } from '../../../support/policy-run.ts'

const timing = { startedMs: 0, totalMs: 3, upstreamMs: undefined, status: 200, isAborted: false }
const room = 2_000

const { route } = exchange()
const of = (caller: Identity): Exchange => Object.assign(exchange(), { route, identity: caller })

test('calls for which there is no room are counted together, and those of known series go on as before', () => {
  const counts = createTrafficCounts()
  const callers = Array.from({ length: room + 3 }, (_, i) => identity({ credentialId: `cred_${i}` }))
  for (const caller of callers) counts.observe(of(caller), timing)
  const [first, last] = [callers[0]!, callers.at(-1)!]
  counts.observe(of(first), timing)
  counts.observe(of(last), timing)

  const taken = counts.take()
  const callsOf = (credential: string) =>
    taken.filter(({ key }) => key.credential === credential).map(({ cells }) => requestsOf(cells, '2xx'))
  expect(callsOf('cred_0')).toEqual([2])
  expect(callsOf(last.credentialId)).toEqual([])
  expect(callsOf('')).toEqual([4])
  expect(taken.reduce((sum, { cells }) => sum + requestsOf(cells, '2xx'), 0)).toBe(room + 5)
  expect(counts.take()).toEqual([])
})
