import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import type { Plan } from '../../registry/model.ts'
import { createPartner } from '../../registry/partners.ts'
import { quickStart } from '../../registry/portal/quick-start.ts'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'

describeConsole('approvals', (stage) => {
  const actor = { id: 'test' }
  let partners = 0

  /** A partner that asks for the demo's plan, which waits for the platform team from now on. */
  async function somebodyAsks(title: string) {
    const { api, registry } = stage.platform
    const { body: plan, etag } = (await api.get<Plan>('/api/plans/starter'))!
    if (plan.approval !== 'manual') {
      await api.put(`/api/plans/${plan.id}`, { ...plan, approval: 'manual' }, etag)
      await api.post('/api/publish', { plans: [plan.id] })
    }
    const { body: page } = (await api.get<{ items: { id: string; plans: string[] }[] }>(
      '/api/apis/payments/versions',
    ))!
    const partner = await createPartner(registry, actor, { name: `asks-${++partners}`, title })
    const made = await quickStart(registry, actor, partner.value.id, {
      requestId: randomUUID(),
      versionId: page.items[0]!.id,
      planId: plan.id,
      title: 'Till',
      note: 'Three shops in Ulm.',
    })
    return made.subscription.value.id
  }
  const stateOf = async (id: string) =>
    (await stage.platform.api.get<{ state: string; decision: { reason: string } | null }>(
      `/api/subscriptions/${id}`,
    ))!.body

  test('a subscription is approved in two clicks from anywhere', async () => {
    const id = await somebodyAsks('Ada & Sons')
    const { page, clicks } = await stage.as('platform-operator', '/admin')
    await page.getByRole('link', { name: /Approvals/ }).click()
    await page
      .getByRole('row', { name: /Ada & Sons/ })
      .getByRole('button', { name: 'Approve' })
      .click()
    await page.getByText('Nobody is waiting').waitFor()
    expect(clicks()).toBe(2)
    expect((await stateOf(id)).state).toBe('active')
  })

  test('several are declined at once, and each is told why', async () => {
    const ids = [await somebodyAsks('Berg'), await somebodyAsks('Chen')]
    const { page } = await stage.as('platform-operator', '/admin/approvals')
    await page.getByText('Chen').waitFor()
    for (const box of await page.getByRole('checkbox').all()) await box.check()
    await page.getByRole('button', { name: 'Decline 2' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByRole('button', { name: 'Decline' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Reason').fill('No contract yet.')
    expect(await accessibilityFaults(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Decline' }).click()
    await page.getByText('Nobody is waiting').waitFor()
    for (const id of ids)
      expect(await stateOf(id)).toMatchObject({ state: 'declined', decision: { reason: 'No contract yet.' } })
  })

  test('who may only look decides nothing', async () => {
    await somebodyAsks('Diaz')
    const { page } = await stage.as('platform-viewer', '/admin/approvals')
    await page.getByText('Diaz').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })

  inEach('has no fault that axe finds', async (look) => {
    const { page } = await stage.as('platform-operator', '/admin/approvals', look)
    await page.getByText('Diaz').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })
})
