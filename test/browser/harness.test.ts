import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { describeInBrowser, openBrowser } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { openWindow, type Window } from './support/window.ts'

describeInBrowser('the window that tests look through', () => {
  let browser: Browser
  let server: Server
  let origin: string
  let window: Window

  beforeAll(async () => {
    server = createServer((req, res) => {
      const { pathname, searchParams } = new URL(req.url!, 'http://page')
      if (pathname !== '/') return void res.writeHead(422).end()
      res.setHeader('content-type', 'text/html')
      res.setHeader('content-security-policy', "script-src 'self' 'nonce-n'; connect-src *")
      res.end(`<link rel="icon" href="data:,"><button>Go</button><input aria-label="Name">
        <button>Last</button><script nonce="n">${searchParams.get('script') ?? ''}</script>`)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await openBrowser()
  })
  afterEach(() => window.context.close())
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  async function open(script = '') {
    window = await openWindow(browser, origin)
    await window.page.goto(`/?script=${encodeURIComponent(script)}`)
    return window
  }

  test.each([
    ['an error on the console', "console.error('oh')", /error: oh/],
    ['a warning on the console', "console.warn('hm')", /warning: hm/],
    ['an error that nobody caught', "setTimeout(() => { throw new Error('lost') })", /uncaught: Error: lost/],
    ['a rejection that nobody awaited', "Promise.reject(new Error('gone'))", /uncaught: Error: gone/],
    ['a violation of the policy of the page', 'new Function("1")', /policy of the page: script-src eval/],
    ['a request to a stranger', "fetch('http://127.0.0.2:9/').catch(() => {})", /asked a stranger/],
    ['an answer that refuses', "fetch('/missing')", /error: .*422/],
  ])('sees %s', async (_, script, fault) => {
    const { faults } = await open(script)
    await until(() => faults().some((text) => fault.test(text)))
  })

  test('finds no fault with a page that has none, and none that the test expects', async () => {
    const { faults, page, expects } = await open("console.log('all is well')")
    expect(faults()).toEqual([])
    expects(/422/)
    await page.evaluate("fetch('/missing')")
    await page.evaluate("console.error('oh')")
    await until(() => faults().length > 0)
    expect(faults()).toEqual(['error: oh'])
  })

  test('counts presses of the mouse, and not what is done by the keyboard', async () => {
    const { clicks, page, tabTo } = await open()
    await page.getByRole('button', { name: 'Go' }).click()
    await tabTo(page.getByRole('textbox'))
    await page.keyboard.type('Ada')
    await tabTo(page.getByRole('button', { name: 'Last' }))
    await page.keyboard.press('Enter')
    await until(() => clicks() === 1)
    expect(await page.getByRole('textbox').inputValue()).toBe('Ada')
  })
})
