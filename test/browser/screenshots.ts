/**
 * `npm run screenshots [-- name …]`: pictures of the screens in `docs/screenshots/`, in both languages and both themes,
 * against a platform with the demo and some traffic. Named screens only, where names are given.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser } from '../support/browser.ts'
import { signedIn } from './support/people.ts'
import { startConsolePlatform } from './support/platform.ts'
import { type Screen, screensOf, settled } from './support/screens.ts'
import { makeTraffic } from './support/traffic.ts'
import { type Look, openWindow, type Window } from './support/window.ts'

const folder = join(import.meta.dirname, '..', '..', 'docs', 'screenshots')
const looks: readonly Look[] = [
  { theme: 'light', language: 'en' },
  { theme: 'dark', language: 'en' },
  { theme: 'light', language: 'zh-CN' },
  { theme: 'dark', language: 'zh-CN' },
]

const wanted = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const platform = await startConsolePlatform()
const browser = await openBrowser()
try {
  await makeTraffic(platform)
  const screens = (await screensOf(platform)).filter(
    ({ name }) => wanted.length === 0 || wanted.includes(name),
  )
  const roles = new Map<Screen['role'], Awaited<ReturnType<typeof signedIn>>>()
  for (const { role } of screens)
    if (role !== null && !roles.has(role)) roles.set(role, await signedIn(platform, role))
  for (const look of looks) {
    const windows = new Map<Screen['role'], Window>()
    for (const { name, role, path } of screens) {
      const cookies = role === null ? [] : roles.get(role)!
      const window = windows.get(role) ?? (await openWindow(browser, platform.url, { ...look, cookies }))
      windows.set(role, window)
      await window.page.goto(path)
      await settled(window.page)
      const file = `${name}.${look.theme}.${look.language}.png`
      await window.page.screenshot({ path: join(folder, file) })
      process.stdout.write(`${file}\n`)
      for (const fault of window.faults()) process.stdout.write(`  ${fault}\n`)
    }
    for (const { context } of windows.values()) await context.close()
  }
} finally {
  await browser.close()
  await platform.close()
}
