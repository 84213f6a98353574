import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const chromiumPath = places.find((path) => existsSync(path))

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] })

/** A browser window of its own, and what it complained of: errors, warnings, violations of the policy of the page. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`))
  return { page, context, complaints }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** Swagger UI has faults of its own, which are not ours to mend. */
const exclude = [['.swagger-ui']]

/**
 * What axe finds wrong with the page as it stands: rule and place of each.
 * @param tags kinds of rules; what is best practice beyond WCAG 2.2 AA is among them
 */
export async function accessibilityFaults(page: Page, tags = [...wcag, 'best-practice']): Promise<string[]> {
  // By the debugger: the policy of the page lets no script in, and need not.
  await page.evaluate(axe)
  const found = await page.evaluate(
    ({ values, exclude }) =>
      (globalThis as unknown as { axe: { run(what: object, options: object): Promise<AxeResult> } }).axe.run(
        { exclude },
        { runOnly: { type: 'tag', values } },
      ),
    { values: tags, exclude },
  )
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target.join(' ')}`))
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly nodes: readonly { readonly target: readonly string[] }[]
  }[]
}

/** Tab by Tab to what has this name, as who has no mouse goes. @throws when it is not reached */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    const named = '(document.activeElement.labels?.[0] ?? document.activeElement).innerText'
    const reached = await page.evaluate<string>(named)
    if (reached === name) return
  }
  throw new Error(`"${name}" cannot be reached by the keyboard`)
}
