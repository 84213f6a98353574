import { expect, test } from '@jest/globals'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'
import { demoPartner } from './support/people.ts'

describeConsole('calls, counted and one by one', (stage) => {
  /** @returns the request id */
  async function call(key: string = stage.platform.demo.apiKey): Promise<string> {
    const response = await fetch(`${stage.platform.gateway.url}/payments/v1/accounts/acc_1/balance`, {
      headers: { 'x-api-key': key },
    })
    await response.arrayBuffer()
    return response.headers.get('x-request-id')!
  }

  inEach(
    'the chart shows a call that was just made',
    async (look) => {
      const { page } = await stage.as('platform-viewer', '/admin/traffic', look)
      await call()
      // Its text says the newest number: a line for the API that was called.
      await page.getByRole('img', { name: /\d/ }).first().waitFor()
      await page.locator('canvas').first().waitFor()
      expect(await accessibilityFaults(page)).toEqual([])
      await page
        .getByRole('button', { name: /As a table|以表格查看/ })
        .first()
        .click()
      expect(await accessibilityFaults(page)).toEqual([])
    },
    60_000,
  )

  test('a refused call says why, to the platform and to its partner', async () => {
    const id = await call('pgk_live_nobody')
    const { page } = await stage.as('platform-viewer', '/admin/requests?status=4xx')
    await page.getByRole('button', { name: /GET/ }).first().click()
    await page.getByText('Why it was refused').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('textbox', { name: 'Find by request id' }).fill(id)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText(id).waitFor()
    expect(page.url()).toContain(`call=${id}`)
  })

  test('a partner sees its own calls and nothing of the inside', async () => {
    const id = await call()
    const { page } = await stage.as('partner-viewer', `/portal/${demoPartner}/requests`)
    await page.getByRole('button', { name: /GET/ }).first().waitFor()
    await page.goto(`/portal/${demoPartner}/requests?call=${id}`)
    await page.getByRole('dialog').getByText(id).waitFor()
    expect(await page.getByText('Gateway node').count()).toBe(0)
    await page.goto(`/portal/${demoPartner}/usage`)
    await page.locator('canvas').first().waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })
})
