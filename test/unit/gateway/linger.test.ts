import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { dropRest } from '../../../gateway/linger.ts'

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

const arriving = () => new PassThrough({ autoDestroy: false }) as unknown as IncomingMessage & PassThrough

test('the rest of a body that nobody wants may take half a minute, however it drips', () => {
  const req = arriving()
  dropRest(req)
  for (let second = 0; second < 29; second++) {
    req.write('x')
    jest.advanceTimersByTime(1_000)
  }
  expect(req.destroyed).toBe(false)
  jest.advanceTimersByTime(1_000)
  expect(req.destroyed).toBe(true)
})

test('and one that ends in time leaves the connection to the next call', async () => {
  const req = arriving()
  dropRest(req)
  req.end('rest')
  await once(req, 'end')
  jest.advanceTimersByTime(60_000)
  expect(req.destroyed).toBe(false)
})
