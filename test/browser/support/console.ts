/**
 * Tests of the console and the portal in real Chromium, against real processes. A file reads so:
 *
 *     describeConsole('the catalog', (console) => {
 *       test('leads to the documents of an API', async () => {
 *         const { page, clicks } = await console.as('partner-developer', '/portal/apis')
 *         await page.getByRole('link', { name: 'Payments' }).click()
 *         await page.getByRole('heading', { name: 'Payments' }).waitFor()
 *         expect(clicks()).toBe(1)
 *       })
 *       inEach('has no fault that axe finds', async (look) => {
 *         const { page } = await console.as('partner-viewer', '/portal/apis', look)
 *         expect(await accessibilityFaults(page)).toEqual([])
 *       })
 *     })
 *
 * - The platform (Redis, admin, gateway, three example services, the demo) starts once per file: `console.platform`.
 * - `console.as(role, path)` opens a window in which a person with that role is signed in, `console.visit(path)` one in
 *   which nobody is. Windows are closed after each test.
 * - A test FAILS when any of its windows had an error or a warning on its console, a violation of its policy, an
 *   uncaught error or rejection, an unanswered request or one to another origin. The browser itself complains of every
 *   answer 4xx and 5xx: a test that provokes one says so first, `window.expects(/422/)`.
 * - `window.clicks()` counts presses of the mouse; `window.tabTo(locator)` goes there by Tab alone.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { describeInBrowser, openBrowser } from '../../support/chromium.ts'
import { type Role, signedIn } from './people.ts'
import { type ConsolePlatform, type PlatformSettings, startConsolePlatform } from './platform.ts'
import { type Look, openWindow, type Window, type WindowOptions } from './window.ts'

export interface ConsoleStage {
  readonly platform: ConsolePlatform
  /** A window in which somebody with this role is signed in. */
  as(role: Role, path: string, options?: WindowOptions): Promise<Window>
  /** A window in which nobody is signed in. */
  visit(path: string, options?: WindowOptions): Promise<Window>
}

/** The block of a file's tests, with a platform and a browser for all of them. */
export function describeConsole(
  title: string,
  tests: (stage: ConsoleStage) => void,
  settings: PlatformSettings = {},
): void {
  describeInBrowser(title, () => {
    let platform: ConsolePlatform | undefined
    let browser: Browser | undefined
    const windows: Window[] = []
    const open = async (path: string, options?: WindowOptions) => {
      const window = await openWindow(browser!, stage.platform.url, options)
      windows.push(window)
      await window.page.goto(path)
      // Before it is drawn it hears no key.
      await window.page.locator('main').waitFor()
      return window
    }
    const stage: ConsoleStage = {
      get platform() {
        if (!platform)
          throw new Error('the platform starts before the tests, not before the block that holds them')
        return platform
      },
      async as(role, path, options) {
        return open(path, { ...options, cookies: await signedIn(stage.platform, role) })
      },
      visit: (path, options) => open(path, options),
    }
    beforeAll(async () => {
      ;[platform, browser] = await Promise.all([startConsolePlatform(settings), openBrowser()])
    }, 120_000)
    afterEach(async () => {
      const opened = windows.splice(0)
      const faults = opened.flatMap((window) => window.faults())
      await Promise.all(opened.map(({ context }) => context.close()))
      expect(faults).toEqual([])
    })
    afterAll(async () => {
      await browser?.close()
      await platform?.close()
    })
    tests(stage)
  })
}

export const looks: readonly Look[] = [
  { theme: 'light', language: 'en' },
  { theme: 'dark', language: 'en' },
  { theme: 'light', language: 'zh-CN' },
  { theme: 'dark', language: 'zh-CN' },
]

/** A test in each theme and language. */
export function inEach(title: string, run: (look: Look) => Promise<void>, timeoutMs?: number): void {
  describe(title, () => {
    test.each(looks)('$theme, $language', run, timeoutMs)
  })
}
