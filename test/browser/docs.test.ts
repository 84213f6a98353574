import { beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { accessibilityFaults } from '../support/browser.ts'
import { describeConsole, inEach } from './support/console.ts'
import { demoPartner } from './support/people.ts'
import type { WindowOptions } from './support/window.ts'

describeConsole('the documentation of an API', (console) => {
  let version: string
  const pages = () => `/portal/${demoPartner}/apis/${version}`
  const operation = (id: string, view = '') => `${pages()}/operations/${id}${view && `?view=${view}`}`
  const open = (path: string, options: WindowOptions = {}) => console.as('partner-developer', path, options)

  beforeAll(async () => {
    const { platform } = console
    const api = (await platform.api.get('/api/apis'))!.body as { items: { id: string; name: string }[] }
    const { id } = api.items.find(({ name }) => name === 'payments')!
    const versions = (await platform.api.get(`/api/apis/${id}/versions`))!.body as typeof api
    version = versions.items.find(({ name }) => name === 'v2')!.id
  })

  test('is searched, and leads to an operation', async () => {
    const { page, clicks } = await open(pages())
    await page.getByRole('heading', { level: 1, name: 'Payments v2' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('balance')
    await page.getByText('1 operation found').waitFor()
    await page.getByRole('link', { name: /Shows what an account holds/ }).click()
    await page.getByRole('heading', { level: 1, name: 'Shows what an account holds' }).waitFor()
    expect(clicks()).toBe(1)
    expect(new URL(page.url()).pathname).toBe(operation('getBalance'))
  })

  test('shows what a call takes, down to the last field, and what it answers', async () => {
    const { page } = await open(operation('createPayment'))
    const amount = page.getByRole('button', { name: /^amount/ }).first()
    await amount.click()
    expect(await amount.getAttribute('aria-expanded')).toBe('true')
    await page.getByText('currency', { exact: true }).first().waitFor()
    await page.getByRole('tab', { name: '422' }).click()
    await page.getByRole('tabpanel', { name: '422' }).getByText('application/problem+json').waitFor()
  })

  test('tries a call with a key that stays in the page', async () => {
    const { page } = await open(operation('createPayment', 'try'))
    const { apiKey } = console.platform.demo
    await page.getByRole('textbox', { name: 'API key' }).fill(apiKey)
    const send = page.getByRole('button', { name: 'Send live' })
    expect(await send.isDisabled()).toBe(true)
    await page.getByRole('checkbox', { name: /I know that this call is real/ }).check()
    await send.click()
    await page.getByTestId('answer-status').getByText('201').waitFor()
    await page.getByText('"status": "succeeded"').waitFor()
    await page.getByRole('tab', { name: 'Code' }).click()
    await page.getByText('X-API-Key: $API_KEY').waitFor()
    expect(await placesOf(page, apiKey)).toEqual([])
    expect(console.platform.admin.output()).not.toContain(apiKey)
  })

  test('gets a token by client and secret, and calls with it', async () => {
    const { page } = await open(operation('getBalance', 'try'))
    const { clientId, clientSecret } = console.platform.demo
    await page.getByText('Access token', { exact: true }).first().click()
    await page.getByRole('button', { name: 'Get a token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Client ID').fill(clientId)
    await dialog.getByRole('textbox', { name: 'Client secret' }).fill('wrong')
    await dialog.getByRole('button', { name: 'Get a token' }).click()
    await dialog.getByText('Client ID or secret is wrong').waitFor()
    await dialog.getByRole('textbox', { name: 'Client secret' }).fill(clientSecret)
    await dialog.getByRole('button', { name: 'Get a token' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(await page.getByRole('textbox', { name: 'Access token' }).inputValue()).toMatch(/^pgt_live_/)
    await page.getByLabel('account_id').fill('acc_1')
    await page.getByRole('checkbox', { name: /I know that this call is real/ }).check()
    await page.getByRole('button', { name: 'Send live' }).click()
    await page.getByTestId('answer-status').getByText('200').waitFor()
  })

  test('says at the field what is missing', async () => {
    const window = await open(operation('getBalance', 'try'))
    window.expects(/400/)
    const { page } = window
    await page.getByLabel('account_id').fill('')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('give this parameter a value').first().waitFor()
  })

  test('writes the call in other languages', async () => {
    const { page } = await open(operation('createPayment', 'code'))
    for (const [tab, line] of [
      ['Python', 'os.environ["API_KEY"]'],
      ['Java', 'System.getenv("API_KEY")'],
      ['Go', 'os.Getenv("API_KEY")'],
      ['PHP', 'getenv("API_KEY")'],
      ['Node.js', 'process.env.API_KEY'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click()
      await page.getByText(line).waitFor()
    }
  })

  test('has the classic view of one operation, under the policy of the page', async () => {
    const { page } = await open(operation('createPayment', 'classic'))
    await page.locator('.swagger-ui .opblock-post').getByText('/payments').first().waitFor()
  })

  test('is taken home as a document', async () => {
    const { page } = await open(pages())
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'OpenAPI' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('payments-v2.openapi.json')
    expect(await download.failure()).toBeNull()
  })

  test('is read on a telephone, with the operations in a drawer', async () => {
    const { page } = await open(operation('createPayment'), { width: 360, height: 740 })
    await page.getByRole('button', { name: '7 operations' }).click()
    await page
      .getByRole('dialog')
      .getByRole('link', { name: /Shows a payment/ })
      .click()
    await page.getByRole('heading', { level: 1, name: 'Shows a payment' }).waitFor()
    const isWider = 'document.documentElement.scrollWidth > innerWidth'
    expect(await page.evaluate<boolean>(isWider)).toBe(false)
  })

  test('shows the platform its draft too, in Chinese', async () => {
    const path = `/admin/versions/${version}/docs/operations/createPayment`
    const { page } = await console.as('platform-operator', path, { language: 'zh-CN' })
    await page.getByRole('tab', { name: '在线调试' }).waitFor()
    await page.getByRole('heading', { name: '请求体' }).waitFor()
  })

  inEach(
    'has no fault that axe finds',
    async (look) => {
      const { page } = await open(pages(), look)
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(await accessibilityFaults(page)).toEqual([])
      // Swagger UI brings a second `main`, which is not ours to mend.
      for (const view of ['', 'try', 'code']) {
        await page.goto(operation('createPayment', view))
        await page.getByRole('tabpanel').first().waitFor()
        expect([view, await accessibilityFaults(page)]).toEqual([view, []])
      }
    },
    60_000,
  )

  test('gives who may only look no form to send', async () => {
    const path = `/admin/versions/${version}/docs/operations/createPayment`
    const { page } = await console.as('platform-viewer', path)
    await page.getByRole('tab', { name: 'Code' }).waitFor()
    expect(await page.getByRole('tab', { name: 'Try it' }).count()).toBe(0)
  })
})

/** Where a secret can be found in a page that is not to keep it; a field that somebody types into is none. */
async function placesOf(page: Page, secret: string): Promise<string[]> {
  const places: Record<string, string> = {
    address: page.url(),
    document: await page.content(),
    storage: await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'),
    history: await page.evaluate('JSON.stringify(history.state)'),
  }
  return Object.keys(places).filter((place) => places[place]!.includes(secret))
}
