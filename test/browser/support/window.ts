import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  ConsoleMessage,
  Locator,
  Page,
} from 'playwright-core'
import { until } from '../../support/until.ts'

/** A browser window of its own, which keeps account of what went wrong in it and of what was done with it. */
export interface Window {
  readonly page: Page
  readonly context: BrowserContext
  /** Presses of the mouse so far, over all pages of the window. */
  clicks(): number
  /** Tab by Tab to this element, as who has no mouse goes. @throws Error when it is not reached, or the focus is lost */
  tabTo(target: Locator): Promise<void>
  /** Has a complaint that the test provokes, e.g. of an answer 422, not count as a fault. */
  expects(complaint: RegExp): void
  /** What went wrong so far and was not expected. Every test fails whose windows have any. */
  faults(): readonly string[]
}

/** What a person prefers: a window opens in it. */
export interface Look {
  readonly theme: 'light' | 'dark'
  readonly language: 'en' | 'zh-CN'
}

export interface WindowOptions extends Partial<Look> {
  readonly width?: number
  readonly height?: number
  readonly cookies?: Parameters<BrowserContext['addCookies']>[0]
  readonly context?: BrowserContextOptions
}

/** @param origin the only one that the page may ask for anything */
export async function openWindow(
  browser: Browser,
  origin: string,
  options: WindowOptions = {},
): Promise<Window> {
  const { theme = 'light', language = 'en', width = 1280, height = 800 } = options
  const context = await browser.newContext({
    baseURL: origin,
    colorScheme: theme,
    locale: language === 'en' ? 'en-GB' : language,
    viewport: { width, height },
    // Nothing is judged while it moves.
    reducedMotion: 'reduce',
    ...options.context,
  })
  // Sooner than a test gives up: it says what was not found.
  context.setDefaultTimeout(15_000)
  if (options.cookies) await context.addCookies(options.cookies)
  const faults: string[] = []
  const expected: RegExp[] = []
  let clicks = 0
  await context.exposeBinding('countClick', () => void clicks++)
  await context.addInitScript(witness)
  context.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) faults.push(saidBy(message))
  })
  // Uncaught errors and rejected promises that nobody awaited, both.
  context.on('weberror', (error) => faults.push(`uncaught: ${error.error()}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.push(`asked a stranger: ${url}`)
  })
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // A page that is left stops what it still asked for.
    if (why !== 'net::ERR_ABORTED') faults.push(`not answered: ${request.url()} ${why}`)
  })
  const page = await context.newPage()
  return {
    page,
    context,
    clicks: () => clicks,
    tabTo: (target) => tabTo(page, target),
    expects: (complaint) => void expected.push(complaint),
    faults: () => faults.filter((fault) => !expected.some((complaint) => complaint.test(fault))),
  }
}

/** Runs in each page before anything of its own: counts presses, and has violations of the page's policy heard. */
const witness = `
  addEventListener('mousedown', (event) => { if (event.isTrusted) countClick() }, true)
  addEventListener('securitypolicyviolation', (event) =>
    console.error('policy of the page: ' + event.effectiveDirective + ' ' + event.blockedURI))
`

function saidBy(message: ConsoleMessage): string {
  const { url } = message.location()
  return `${message.type()}: ${message.text()}${url === '' ? '' : ` (${url})`}`
}

const mostTabs = 150

async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  const hasFocus = () => target.evaluate((element) => element.ownerDocument.activeElement === element)
  for (let i = 0; i < mostTabs; i++) {
    if (await hasFocus()) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${target} is not reached by ${mostTabs} Tabs`)
}

/** Waits until something inside the page has the focus: it is lost when `body` has it. */
export const focusKept = (page: Page) =>
  until(() => page.evaluate<boolean>('document.activeElement !== document.body && document.hasFocus()'))
