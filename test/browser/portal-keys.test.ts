import { expect, test } from '@jest/globals'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'
import { demoPartner } from './support/people.ts'

const words = {
  en: {
    start: 'Get a key',
    create: 'Create key',
    send: 'Send test request',
    stored: 'I have stored it',
    done: 'Done',
  },
  'zh-CN': { start: '获取密钥', create: '创建密钥', send: '发送测试请求', stored: '我已保存', done: '完成' },
} as const

describeConsole('keys of a partner', (stage) => {
  inEach(
    'a key and a first 200 in three clicks, and then nothing of the key is left',
    async (look) => {
      const say = words[look.language]
      const { page, context, clicks } = await stage.as('partner-developer', `/portal/${demoPartner}`, look)
      const answers: string[] = []
      await page.getByRole('link', { name: say.start }).first().click()
      await page.getByRole('button', { name: say.create }).click()
      await page.getByTestId('secret').waitFor()
      await page.getByRole('button', { name: say.send }).click()
      await page.getByTestId('answer-status').waitFor()
      expect(await page.getByTestId('answer-status').textContent()).toMatch(/200/)
      expect(clicks()).toBe(3)
      expect(await accessibilityFaults(page)).toEqual([])
      const code = page.getByTestId('secret')
      await page.getByRole('button', { name: /Reveal|显示/ }).click()
      const secret = (await code.textContent())!
      expect(secret).toMatch(/^pgk_(test|live)_\w{20,}$/)
      page.on('response', async (response) => answers.push(await response.text().catch(() => '')))
      await page.getByLabel(say.stored).check()
      await page.getByRole('button', { name: say.done }).click()
      await page.getByText(secret.slice(0, 13)).first().waitFor()
      const left = await page.evaluate<string>(
        `document.documentElement.outerHTML + JSON.stringify([{...localStorage}, {...sessionStorage}]) + location.href`,
      )
      expect(left).not.toContain(secret)
      expect(answers.join()).not.toContain(secret)
      expect(JSON.stringify(await context.storageState())).not.toContain(secret)
      expect(await accessibilityFaults(page)).toEqual([])
    },
    90_000,
  )

  test('a key is rotated without a gap, in six clicks', async () => {
    const { page, clicks } = await stage.as('partner-owner', `/portal/${demoPartner}/applications`)
    await page.getByRole('link', { name: 'Web shop' }).click()
    const before = clicks()
    await page
      .getByRole('button', { name: /Actions for/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Rotate' }).click()
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByTestId('secret').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByLabel('I have stored it').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Two secrets').waitFor()
    expect(clicks() - before).toBeLessThanOrEqual(6)
  })

  test('a key is revoked by who types its name', async () => {
    const { page } = await stage.as('partner-owner', `/portal/${demoPartner}/applications`)
    await page.getByRole('link', { name: 'Web shop' }).click()
    await page.getByRole('button', { name: 'New key or client' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('to end')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByLabel('I have stored it').check()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Actions for to end' }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    const revoke = page.getByRole('button', { name: 'Revoke' })
    expect(await revoke.isDisabled()).toBe(true)
    await page.getByLabel('Type “to end”').fill('to end')
    await revoke.click()
    await page.getByText('Revoked').waitFor()
  })

  test('who may only look is offered nothing to change', async () => {
    const { page } = await stage.as('partner-viewer', `/portal/${demoPartner}`)
    await page.getByRole('heading', { name: 'Home' }).waitFor()
    expect(await page.getByRole('link', { name: 'Get a key' }).count()).toBe(0)
  })
})
