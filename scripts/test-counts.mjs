// Counts of a test run. Apart from test.mjs, which runs when it is imported.

/** @typedef {{ passed: number, failed: number, skipped: number, seconds?: number }} Counts */
/** @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, numRuntimeErrorTestSuites: number }} JestReport */

/**
 * A file that does not even load counts as one failure; so does a run that ended badly without naming a failed test.
 * @param {JestReport | undefined} report undefined: Jest wrote none
 * @param {boolean} isClean whether Jest ended with 0
 * @returns {Counts}
 */
export function countsOfJest(report, isClean) {
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  return {
    passed: report.numPassedTests,
    failed: isClean ? failed : Math.max(failed, 1),
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** @param {Counts[]} results @returns {Counts} */
export function addUp(results) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const { passed, failed, skipped } of results) {
    sum.passed += passed
    sum.failed += failed
    sum.skipped += skipped
  }
  return sum
}

/** @param {Counts} counts */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
