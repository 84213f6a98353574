import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import type { Upstream } from '../../registry/model.ts'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'

describeConsole('the audit log and the snapshots', (console) => {
  const path = '/api/upstreams/payments-demo'
  /** Somebody changes the backend and publishes it. */
  async function published(timeoutMs: number, note: string) {
    const { api } = console.platform
    const { body, etag } = (await api.get<Upstream>(path))!
    await api.put(path, { ...body, timeoutMs }, etag)
    return (await api.post<{ number: number }>('/api/publish', { upstreams: [body.name], note })).body.number
  }
  const served = async () =>
    (await console.platform.api.get<{ snapshot: number }>('/api/status'))!.body.snapshot

  test('tells who changed what, from what to what, and can be led to by a link', async () => {
    await published(41_000, 'Shorter')
    const { page } = await console.as('auditor', '/admin/audit')
    await page.getByText('Verified').waitFor()
    await page.getByRole('combobox', { name: 'Kind' }).click()
    await page.getByRole('option', { name: 'backend' }).click()
    await page.waitForURL(/noun=upstream/)
    await page.getByRole('button', { name: 'Changed: backend' }).first().click()
    const entry = page.getByRole('dialog', { name: 'Entry: backend' })
    await entry.getByText('41000').waitFor()
    await page.reload()
    await entry.getByText('41000').waitFor()
    await entry.getByRole('button', { name: 'All of this subject' }).click()
    await page.waitForURL(/subject=ups_/)
    await entry.waitFor({ state: 'detached' })
  })

  test('says where the chain of entries breaks, and that it is whole again', async () => {
    const { registry } = console.platform
    const { page } = await console.as('auditor', '/admin/audit')
    await page.getByText('Verified').waitFor()
    const [[id] = ['']] = await registry.redis.xrange(registry.keys.audit(), '-', '+', 'COUNT', 1)
    const right = (await registry.redis.hget(registry.keys.auditLinks(), id))!
    await registry.redis.hset(registry.keys.auditLinks(), id, `1.${'A'.repeat(43)}`)
    await page.getByRole('button', { name: 'Verify again' }).click()
    await page.getByText(`Entry ${id}, or what stood before it, is not what was written.`).waitFor()
    await registry.redis.hset(registry.keys.auditLinks(), id, right)
    await page.getByRole('button', { name: 'Verify again' }).click()
    await page.getByText('Verified').waitFor()
  })

  test('is taken home as a file, by the filter that is set', async () => {
    const { page } = await console.as('auditor', '/admin/audit?noun=partner')
    await page.getByRole('button', { name: 'Created: partner' }).first().waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n')
    expect(new Set(lines.map((line) => JSON.parse(line).noun))).toEqual(new Set(['partner']))
  })

  test('a snapshot shows what it changed, and an older one is served again after a look at the difference', async () => {
    await published(42_000, 'Good')
    const good = await served()
    const bad = await published(43_000, 'Bad idea')
    const { page, clicks } = await console.as('platform-operator', '/admin/snapshots')
    await page.getByText('Bad idea').waitFor()
    await page.getByRole('link', { name: `Snapshot ${good}`, exact: true }).click()
    await page.getByText('42000').waitFor()
    await page.getByRole('button', { name: 'Roll back to this' }).click()
    const dialog = page.getByRole('dialog', { name: `Roll back to snapshot ${good}` })
    await dialog.getByText('43000').waitFor()
    await dialog.getByRole('button', { name: 'Roll back' }).click()
    await page.getByText('Served now').waitFor()
    expect([await served(), clicks()]).toEqual([good, 3])
    await page.goto(`/admin/snapshots/${bad}`)
    await page.getByRole('button', { name: 'Roll back to this' }).waitFor()
  })

  test('who may not publish is not offered the way back', async () => {
    await published(44_000, 'Next')
    const { page } = await console.as('platform-viewer', '/admin/snapshots/1')
    await page.getByText('payments-demo').first().waitFor()
    expect(await page.getByRole('button', { name: 'Roll back to this' }).count()).toBe(0)
  })

  inEach('has no fault that axe finds', async (look) => {
    const { page } = await console.as('platform-owner', '/admin/audit', look)
    await page.getByRole('row').nth(3).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.getByRole('row').nth(2).getByRole('button').click()
    await page.getByRole('dialog').waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.goto('/admin/snapshots')
    await page.getByRole('row').nth(1).waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
    await page.goto('/admin/snapshots/1')
    await page.getByText('payments-demo').first().waitFor()
    expect(await accessibilityFaults(page)).toEqual([])
  })

  test('both fit a telephone', async () => {
    for (const address of ['/admin/audit', '/admin/snapshots', '/admin/snapshots/1']) {
      const { page } = await console.as('platform-owner', address, { width: 360 })
      await page
        .getByText(/payments-demo|Snapshot 1|adm_/)
        .first()
        .waitFor()
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360)
    }
  })
})
