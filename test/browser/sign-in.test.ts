import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { createDemoSource } from '../../policies/oauth2/people/index.ts'
import { createCredential } from '../../registry/credentials.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { challengeOf, verifier } from '../support/authorization-request.ts'
import { accessibilityFaults, describeInBrowser, openBrowser, openPage, tabTo } from '../support/chromium.ts'
import { registerParty, startAuthorizationServer } from '../support/oauth-platform.ts'
import { ada, lin } from '../support/people.ts'
import { stopSharedRedis, testRegistry } from '../support/redis.ts'

const payment = {
  type: 'payment_initiation' as const,
  actions: ['initiate' as const, 'status' as const],
  instructedAmount: { currency: 'EUR', amount: '1250.00' },
  creditorName: 'Marigold Books Ltd',
  creditorAccount: { iban: 'DE02120300000000202051' },
  remittanceInformationUnstructured: 'Order 2026-1187',
}

describeInBrowser('signing in and deciding, in a real browser', () => {
  let registry: Awaited<ReturnType<typeof testRegistry>>
  let server: Awaited<ReturnType<typeof startAuthorizationServer>>
  let clientId: string
  let clientSecret: string
  let chromium: Browser
  let shop: Awaited<ReturnType<typeof startShop>>

  beforeAll(async () => {
    registry = await testRegistry()
    server = await startAuthorizationServer(registry, undefined, { source: createDemoSource() })
    shop = await startShop()
    const { applicationId } = await registerParty(registry, 'marigold')
    const { credential, secret } = await createCredential(registry, { id: 'test' }, applicationId, {
      kind: 'oauth-client',
      environment: 'sandbox',
      oauth: ClientSettings.parse({
        grants: ['authorization_code'],
        redirectUris: [shop.redirectUri],
        authorizationDetailsTypes: ['payment_initiation'],
      }),
    })
    clientId = credential.value.id
    clientSecret = secret
    chromium = await openBrowser()
  })
  afterAll(async () => {
    await chromium?.close()
    await shop?.close()
    await server?.close()
    await registry?.close()
    await stopSharedRedis()
  })

  /** A window to which the client has sent a person. */
  async function arrive(options: BrowserContextOptions = {}) {
    const window = await openPage(chromium, options)
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: shop.redirectUri,
      scope: 'payments:read payments:write',
      authorization_details: JSON.stringify([payment]),
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      state: 'state-1',
    })
    await window.page.goto(`${server.issuer}/oauth2/authorize?${asked}`)
    return window
  }

  async function signIn(page: Page) {
    await page.locator('#username').fill(ada.username)
    await page.locator('#password').fill(ada.password)
    await page.locator('button.main').click()
    await page.locator('.who').waitFor()
  }

  test('leads to the client with a code, by the keyboard alone and without JavaScript', async () => {
    const { page, complaints, context } = await arrive({ javaScriptEnabled: false })
    // Without JavaScript nothing can be asked of the page, so the way is counted: skip link, two fields, button.
    const tab = async (times: number) => {
      for (let i = 0; i < times; i++) await page.keyboard.press('Tab')
    }
    await tab(2)
    await page.keyboard.type(ada.username)
    await tab(1)
    await page.keyboard.type(ada.password)
    await page.keyboard.press('Enter')
    await page.locator('.amount').waitFor()
    expect(await page.locator('.amount').textContent()).toContain('€1,250.00')
    await tab(3) // skip link, another account, allow
    await page.keyboard.press('Enter')
    await page.waitForURL(`${shop.home}**`)
    expect(shop.codes).toHaveLength(1)
    const token = await fetch(`${server.issuer}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: shop.codes[0]!,
        redirect_uri: shop.redirectUri,
        code_verifier: verifier,
        client_id: clientId,
        client_secret: clientSecret,
      }),
    })
    expect(await token.json()).toMatchObject({ authorization_details: [payment] })
    expect(complaints).toEqual([])
    await context.close()
  })

  test('each thing that can be done has a name and is reached by Tab', async () => {
    const { page, context } = await arrive()
    await tabTo(page, 'User name')
    await page.keyboard.type(ada.username)
    await tabTo(page, 'Password')
    await page.keyboard.type(ada.password)
    await tabTo(page, 'Sign in')
    await page.keyboard.press('Enter')
    await page.locator('.amount').waitFor()
    await tabTo(page, 'Use another account')
    await tabTo(page, 'Refuse')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${shop.home}**`)
    expect(shop.errors.at(-1)).toBe('access_denied')
    await context.close()
  })

  test('what was wrong has the focus, and leads to its field', async () => {
    const { page, context, complaints } = await arrive()
    await page.locator('#username').fill('ada')
    await page.locator('#password').fill('wrong')
    await page.keyboard.press('Enter')
    await page.locator('.errors').waitFor()
    expect(await page.evaluate('document.activeElement.className')).toBe('errors')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('password')
    // The browser says that an answer was 422, and nothing else.
    expect(complaints.filter((text) => !text.includes('422'))).toEqual([])
    await context.close()
  })

  const looks = [
    ['en', 'light', 1280],
    ['en', 'dark', 320],
    ['zh-CN', 'light', 320],
    ['zh-CN', 'dark', 1280],
  ] as const
  test.each(looks)(
    'has no fault that axe finds, and fits: %s, %s, %d px',
    async (locale, colorScheme, width) => {
      const { page, context, complaints } = await arrive({
        locale,
        colorScheme,
        viewport: { width, height: 800 },
      })
      const judge = async (what: string) => {
        expect([what, ...(await accessibilityFaults(page))]).toEqual([what])
        expect([what, await widthOf(page)]).toEqual([what, width])
      }
      expect(await page.locator('html').getAttribute('lang')).toBe(locale)
      await judge('sign-in')
      await page.locator('button.main').click()
      await page.locator('.errors').waitFor()
      await judge('sign-in with faults')
      for (let i = 0; i < 11; i++) {
        await page.locator('#username').fill(`somebody-${locale}-${width}`)
        await page.locator('#password').fill('guess')
        await Promise.all([page.waitForEvent('load'), page.locator('button.main').click()])
      }
      await judge('too many attempts')
      await page.locator('a.button').click()
      await page.locator('#username').fill(lin.username)
      await page.locator('#password').fill(lin.password)
      await page.locator('button.main').click()
      await page.locator('#code').waitFor()
      await judge('code')
      await page.locator('#code').fill('424242')
      await page.locator('button.main').click()
      await page.locator('.who').waitFor()
      await judge('payment')
      await page.goto(`${server.issuer}/oauth2/account`)
      await judge('account')
      await page.goto(`${server.issuer}/oauth2/interaction/none`)
      await judge('ended')
      expect(complaints.filter((text) => !/4\d\d/.test(text))).toEqual([])
      await context.close()
    },
  )

  test('stays usable at twice the size of text', async () => {
    const { page, context } = await arrive({ viewport: { width: 640, height: 800 }, deviceScaleFactor: 1 })
    await signIn(page)
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    expect(await widthOf(page)).toBe(640)
    await context.close()
  })

  test('the language is switched in place', async () => {
    const { page, context } = await arrive()
    await page.getByRole('link', { name: '简体中文' }).click()
    await page.getByRole('heading', { name: '登录' }).waitFor()
    await page.getByRole('link', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await context.close()
  })

  test('no page of others can frame it', async () => {
    const { page, context } = await openPage(chromium)
    await page.goto(`${shop.home}frame?of=${encodeURIComponent(`${server.issuer}/oauth2/account`)}`)
    const frame = page.frames()[1]
    expect(frame?.url()).not.toContain('/oauth2/account')
    await context.close()
  })
})

const widthOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth')

/** The client: takes the answer at one origin, and leads on to its home at another, as many do. */
async function startShop() {
  const codes: string[] = []
  const errors: string[] = []
  const home = createServer((req, res) => {
    res.setHeader('content-type', 'text/html')
    const of = new URL(req.url!, 'http://home').searchParams.get('of')
    res.end(of ? `<iframe src="${of}"></iframe>` : '<link rel="icon" href="data:,"><h1>Thank you</h1>')
  })
  const homeUrl = `http://127.0.0.1:${await listening(home)}/`
  const back = createServer((req, res) => {
    const answer = new URL(req.url!, 'http://back').searchParams
    if (answer.has('code')) codes.push(answer.get('code')!)
    if (answer.has('error')) errors.push(answer.get('error')!)
    res.writeHead(303, { location: homeUrl }).end()
  })
  const redirectUri = `http://127.0.0.1:${await listening(back)}/back`
  const close = async () => {
    for (const server of [home, back]) {
      server.closeAllConnections()
      server.close()
    }
  }
  return { codes, errors, home: homeUrl, redirectUri, close }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}
