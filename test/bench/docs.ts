import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { startConsolePlatform } from '../browser/support/platform.ts'
import { openBrowser } from '../support/browser.ts'

/**
 * How long the pages of a large document take in a browser: from the address to what one came for, cold (a window that
 * has never been here) and warm (the app is loaded, one click). `npm run bench:docs [file] [times]`
 */

const file = process.argv[2] ?? '../shared/specs/stripe-2022-11-15.oas30.yaml'
const times = Number(process.argv[3] ?? 5)
if (!existsSync(file)) {
  console.log(`${file} is not here: give another document`)
  process.exit(0)
}
const platform = await startConsolePlatform()
const browser = await openBrowser()

async function ask(method: string, path: string, body: string, type?: string) {
  const headers = {
    authorization: `Bearer ${platform.adminToken}`,
    'if-match': '*',
    ...(type && { 'content-type': type }),
  }
  const answer = await fetch(platform.url + path, { method, headers, body })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { id: string }
}
const json = (method: string, path: string, body: unknown) =>
  ask(method, path, JSON.stringify(body), 'application/json')

const api = await json('POST', '/api/apis', { name: 'large', title: 'Large' })
const routing = { by: 'path', basePath: '/large' }
const version = await json('POST', `/api/apis/${api.id}/versions`, { name: 'v1', routing })
const importedAt = performance.now()
await ask('PUT', `/api/versions/${version.id}/document`, readFileSync(file, 'utf8'))
console.log(`${basename(file)}: imported in ${Math.round(performance.now() - importedAt)} ms`)

const at = `/admin/versions/${version.id}/docs`
const readings: Record<string, number[]> = {}
const note = (name: string, ms: number) => {
  readings[name] = [...(readings[name] ?? []), ms]
}
for (let i = 0; i < times; i++) {
  const context = await browser.newContext({
    baseURL: platform.url,
    extraHTTPHeaders: { authorization: `Bearer ${platform.adminToken}` },
  })
  const page = await context.newPage()
  const entries = page.locator('nav a[href*="/operations/"]')
  let from = performance.now()
  await page.goto(at, { waitUntil: 'commit' })
  await entries.first().waitFor()
  note(i === 0 ? 'index, for the first reader of all' : 'index, cold', performance.now() - from)
  from = performance.now()
  await entries.nth(3).click()
  await page.getByRole('tab', { name: 'Reference' }).waitFor()
  note('operation, the first of this window', performance.now() - from)
  from = performance.now()
  const before = await page.title()
  await entries.nth(8).click()
  await page.locator('article h1').filter({ hasNotText: before }).waitFor()
  await page.getByRole('tabpanel').first().waitFor()
  note('operation, the next', performance.now() - from)
  await context.close()
}
for (const [name, list] of Object.entries(readings)) {
  const sorted = list.toSorted((a, b) => a - b).map(Math.round)
  console.log(
    `${name}: median ${sorted[sorted.length >> 1]} ms, worst ${sorted.at(-1)} ms of ${sorted.length}`,
  )
}
await browser.close()
await platform.close()
