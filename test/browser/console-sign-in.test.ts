import { expect, test } from '@jest/globals'
import { invite } from '../../registry/people.ts'
import { accessibilityFaults } from '../support/chromium.ts'
import { codeOf } from '../support/console-person.ts'
import { describeConsole } from './support/console.ts'

const password = 'seven quiet rivers 9'

describeConsole('the way into the console', (stage) => {
  async function linkFor(email: string): Promise<string> {
    const { registry } = stage.platform
    const given = { email, roles: ['platform-viewer' as const], membership: null }
    return `/auth/invitation#${(await invite(registry, { id: 'bootstrap' }, given)).token}`
  }

  test('from an invitation to the overview, and in again with a code of the app', async () => {
    const { page } = await stage.visit(await linkFor('ada@bank.example'))
    await page.getByLabel('Your name').fill('Ada')
    expect(page.url()).not.toContain('#')
    expect(await accessibilityFaults(page)).toEqual([])
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByRole('heading', { name: 'Set up your second factor' }).waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByRole('img').waitFor()
    const secret = await page.locator('code').first().textContent()
    const uri = `otpauth://totp/x?secret=${secret}`
    expect(await accessibilityFaults(page)).toEqual([])
    await page.getByLabel('I have stored').check()
    await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(uri))
    await page.getByRole('button', { name: 'Finish' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByRole('button', { name: 'Account' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()

    await page.getByLabel('E-mail').fill('ADA@bank.example')
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Second factor' }).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.keyboard.type(codeOf(uri))
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  test('says what is wrong with a password, and keeps what was typed', async () => {
    const window = await stage.visit(await linkFor('weak@bank.example'))
    window.expects(/422/)
    const { page } = window
    await page.getByLabel('Your name').fill('Weak')
    await page.getByRole('textbox', { name: 'Password' }).fill('password1234')
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByText('Too easy to guess').waitFor()
    expect(await page.getByLabel('Your name').inputValue()).toBe('Weak')
    expect(await accessibilityFaults(page)).toEqual([])
  })

  test('refuses who does not know the password, in both languages', async () => {
    for (const language of ['en', 'zh-CN'] as const) {
      const window = await stage.visit('/auth/sign-in', { language })
      window.expects(/401/)
      const { page } = window
      await page.locator('input[type=email]').fill('nobody@bank.example')
      await page.locator('input[type=password]').fill('wrong wrong wrong')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      expect(await page.getByRole('alert').textContent()).toMatch(
        language === 'en' ? /did not match/ : /不匹配/,
      )
      expect(await accessibilityFaults(page)).toEqual([])
    }
  })
})
