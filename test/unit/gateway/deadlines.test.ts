import { expect, jest, test } from '@jest/globals'
import { startWaiting, stopWaiting, type Waiting } from '../../../gateway/deadlines.ts'

jest.useFakeTimers()

const told: string[] = []
const waiting = (name: string, ms: number): Waiting => ({
  dueAt: performance.now() + ms,
  before: undefined,
  after: undefined,
  onDue: () => told.push(name),
})

test('each is told once, soon after its time, unless it stopped waiting', () => {
  const [early, stopped, late] = [waiting('early', 30), waiting('stopped', 30), waiting('late', 90)]
  for (const one of [early, stopped, late]) startWaiting(one)
  stopWaiting(stopped)
  stopWaiting(stopped)
  jest.advanceTimersByTime(20)
  expect(told).toEqual([])
  jest.advanceTimersByTime(20)
  expect(told).toEqual(['early'])
  jest.advanceTimersByTime(100)
  expect(told).toEqual(['early', 'late'])
})

test('one that begins to wait when another is told, waits its own time', () => {
  told.length = 0
  const first = waiting('first', 10)
  const second = waiting('second', 50)
  startWaiting({ ...first, onDue: () => startWaiting(second) })
  jest.advanceTimersByTime(40)
  expect(told).toEqual([])
  jest.advanceTimersByTime(60)
  expect(told).toEqual(['second'])
})
