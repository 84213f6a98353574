import { describe } from '@jest/globals'
import { chromiumPath } from './browser.ts'

export * from './browser.ts'

/** Tests in a real browser; where there is none they are skipped, and their title says why. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (chromiumPath) describe(title, tests)
  else describe.skip(`${title} (skipped: Chromium is not installed here)`, tests)
}
