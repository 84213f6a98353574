import { describe, expect, test } from '@jest/globals'
import { addUp, countsOfJest, summaryLine } from '../../../scripts/test-counts.mjs'

const report = (counts: object) => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  ...counts,
})

describe('counting a run of tests', () => {
  test('counts what passed, failed and was skipped', () => {
    const counts = countsOfJest(report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 1 }), true)
    expect(counts).toEqual({ passed: 5, failed: 0, skipped: 2 })
  })

  test('counts a file that does not load as a failure', () => {
    const counts = countsOfJest(report({ numFailedTests: 1, numRuntimeErrorTestSuites: 1 }), false)
    expect(counts.failed).toBe(2)
  })

  test('counts a run that broke down as a failure, with a report or without', () => {
    expect(countsOfJest(report({ numPassedTests: 5 }), false).failed).toBe(1)
    expect(countsOfJest(undefined, true).failed).toBe(1)
  })

  test('ends with a plain line, which speaks of skipped tests only where there are some', () => {
    const sum = addUp([
      { passed: 2, failed: 0, skipped: 0 },
      { passed: 3, failed: 1, skipped: 0 },
    ])
    expect(summaryLine(sum)).toBe('5 passed, 1 failed')
    expect(summaryLine({ ...sum, skipped: 4 })).toBe('5 passed, 1 failed, 4 skipped')
  })
})
