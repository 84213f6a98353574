import { expect, test } from '@jest/globals'
import type { Upstream } from '../../registry/model.ts'
import { accessibilityFaults } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { describeConsole, inEach } from './support/console.ts'

describeConsole('the backends', (console) => {
  const path = '/api/upstreams/payments-demo'
  const read = async () => (await console.platform.api.get<Upstream>(path))!
  const detail = async () => `/admin/backends/${(await read()).body.id}`
  const healthOf = async (target: string) => {
    type Health = { targets: { id: string; gateways: { state: string }[] }[] }
    const health = (await console.platform.api.get<Health>(`${path}/health`))!.body
    return health.targets.find(({ id }) => id === target)?.gateways.map(({ state }) => state)
  }

  test('a bad target is drained in three clicks, and every gateway has heard of it', async () => {
    const { page, clicks } = await console.as('platform-operator', '/admin/backends')
    await page.getByRole('link', { name: 'The example payments service' }).click()
    await page.getByRole('button', { name: 'Drain target service-2' }).click()
    const dialog = page.getByRole('dialog', { name: 'Drain target service-2' })
    await dialog.getByText('targets.service-2.isDraining').waitFor()
    await dialog.getByRole('button', { name: 'Save and publish' }).click()
    await page.getByText('Nothing is left: it can be stopped').waitFor()
    expect(clicks()).toBe(3)
    expect(await healthOf('service-2')).toEqual(['draining'])
    await page.getByRole('button', { name: 'Take target service-2 back into service' }).click()
    await page.getByRole('button', { name: 'Save and publish' }).click()
    await until(async () => (await healthOf('service-2'))?.[0] === 'healthy')
  })

  test('an edit is a draft until it is published, and shows what changes before it is saved', async () => {
    const { page } = await console.as('platform-operator', await detail())
    await page.getByRole('button', { name: 'More for target service-1' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    await page.getByLabel('Weight').fill('3')
    await page.getByRole('button', { name: 'Review the change' }).click()
    await page.getByText('targets.service-1.weight').waitFor()
    await page.getByRole('button', { name: 'Save draft' }).click()
    await page.getByText('One change is not published yet').waitFor()
    await page.getByText('60%').waitFor()
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByText('is not published yet').waitFor({ state: 'detached' })
  })

  test('where somebody else was faster both changes are shown, and one’s own is made on top', async () => {
    const window = await console.as('platform-operator', await detail())
    const { page } = window
    window.expects(/412/)
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByLabel('Name for people').fill('Mine')
    await page.getByRole('button', { name: 'Review the change' }).click()
    const { body, etag } = await read()
    await console.platform.api.put(path, { ...body, timeoutMs: 45_000 }, etag)
    await page.getByRole('button', { name: 'Save draft' }).click()
    await page.getByText('Somebody else changed this meanwhile').waitFor()
    await page.getByText('timeoutMs').waitFor()
    await page.getByRole('button', { name: 'Save mine on top' }).click()
    await page.getByRole('heading', { level: 1, name: 'Mine' }).waitFor()
    const { body: kept, etag: now } = await read()
    expect([kept.title, kept.timeoutMs]).toEqual(['Mine', 45_000])
    const back = { ...kept, title: body.title, timeoutMs: body.timeoutMs }
    await console.platform.api.put(path, back, now)
  })

  test('who may only look is offered nothing to change', async () => {
    const { page } = await console.as('platform-viewer', await detail())
    await page.getByText('service-3').waitFor()
    expect(await page.getByRole('button', { name: /Drain|Change|Add a target/ }).count()).toBe(0)
  })

  inEach('has no fault that axe finds', async (look) => {
    const { page } = await console.as('platform-owner', '/admin/backends', look)
    await page.getByRole('link', { name: 'The example payments service' }).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.goto(await detail())
    await page.getByText('service-3').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page
      .getByRole('button', { name: /service-1$/ })
      .first()
      .click()
    await page.getByRole('dialog').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })

  test('fits a telephone', async () => {
    const { page } = await console.as('platform-owner', await detail(), { width: 360 })
    await page.getByText('service-3').waitFor()
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360)
  })
})
