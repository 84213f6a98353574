import { expect, test } from '@jest/globals'
import type { Partner } from '../../registry/model.ts'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'

describeConsole('the partners', (console) => {
  const read = async (name: string) => (await console.platform.api.get<Partner>(`/api/partners/${name}`))!
  const demo = async () => `/admin/partners/${(await read('demo-shop')).body.id}`

  test('one is made by its name, and says what is wrong with it', async () => {
    const { page } = await console.as('platform-operator', '/admin/partners')
    await page.getByRole('button', { name: 'New partner' }).click()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('Enter a name').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('Acme Books Ltd.')
    await page.getByLabel('Contact', { exact: true }).fill('ops@acme.example')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { level: 1, name: 'Acme Books Ltd.' }).waitFor()
    expect((await read('acme-books-ltd')).body.contact).toBe('ops@acme.example')
  })

  test('shows its applications, what they may use and what they prove themselves by', async () => {
    const { page } = await console.as('platform-viewer', '/admin/partners')
    await page.getByRole('link', { name: 'Demo Shop' }).click()
    await page.getByText('payments v1').first().waitFor()
    await page.getByText('API key').or(page.getByText('pgk_')).first().waitFor()
    expect(await page.getByRole('button', { name: 'Suspend' }).count()).toBe(0)
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Partners' }).waitFor()
  })

  test('is suspended after a look at what that means, and let in again', async () => {
    const { page, clicks } = await console.as('platform-operator', await demo())
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText('All calls of its applications are refused').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Suspended').waitFor()
    expect([(await read('demo-shop')).body.isSuspended, clicks()]).toEqual([true, 2])
    await page.getByRole('button', { name: 'Let in again' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()
    expect((await read('demo-shop')).body.isSuspended).toBe(false)
  })

  inEach('has no fault that axe finds', async (look) => {
    const { page } = await console.as('platform-owner', '/admin/partners', look)
    await page.getByRole('link', { name: 'Demo Shop' }).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.goto(await demo())
    await page.getByText('payments v1').first().waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.getByRole('button', { name: /^(Suspend|停用)$/ }).click()
    await page.getByRole('dialog').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })

  test('fits a telephone', async () => {
    const { page } = await console.as('platform-owner', await demo(), { width: 360 })
    await page.getByText('payments v1').first().waitFor()
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360)
  })
})
