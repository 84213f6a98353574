import { expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'

describeConsole('the palette', (console) => {
  const search = (page: Page) => page.getByRole('textbox', { name: 'Search and go' })

  test('leads to a screen by a few letters, without the mouse', async () => {
    const { page, clicks } = await console.as('platform-viewer', '/admin')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('Control+k')
    await search(page).waitFor()
    await page.keyboard.type('api')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/admin/apis')
    await search(page).waitFor({ state: 'detached' })
    expect(clicks()).toBe(0)
  })

  test('is opened by its button, and closed by Escape', async () => {
    const { page } = await console.as('platform-viewer', '/admin')
    await page.getByRole('button', { name: 'Search' }).click()
    await search(page).fill('no such thing')
    await page.getByText('Nothing was found').waitFor()
    await page.keyboard.press('Escape')
    await search(page).waitFor({ state: 'detached' })
  })

  test('asks for no more than the beginning of a key that was pasted', async () => {
    const { page } = await console.as('platform-viewer', '/admin')
    const { apiKey } = console.platform.demo
    await page.keyboard.press('Control+k')
    const asked = page.waitForRequest(/api\/find/)
    await search(page).fill(apiKey)
    expect(new URL((await asked).url()).searchParams.get('text')).toBe(apiKey.slice(0, 13))
    await page.getByText('Credential').waitFor()
  })

  test('two letters lead to a screen, and ? lists them', async () => {
    const { page } = await console.as('platform-viewer', '/admin')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.waitForURL('**/admin/apis')
    await page.keyboard.press('Shift+?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  inEach('has no fault that axe finds', async (look) => {
    const { page } = await console.as('platform-owner', '/admin', look)
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').getByRole('textbox').fill('demo')
    await page.getByText('demo-shop').or(page.getByText('Demo Shop')).first().waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })
})
