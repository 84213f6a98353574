import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { until } from '../../support/until.ts'
import { demoPartner, type Role } from './people.ts'
import type { ConsolePlatform } from './platform.ts'

/** A screen of the console: who looks at it, and where. `null`: nobody is signed in. */
export interface Screen {
  readonly name: string
  readonly role: Role | null
  readonly path: string
}

/** Every screen, with what the demo has registered. What the build holds and is not here fails `screens.test.ts`. */
export async function screensOf({ api }: ConsolePlatform): Promise<readonly Screen[]> {
  const versions = await api.get<{ items: { id: string }[] }>('/api/apis/payments/versions')
  const { id: version } = versions!.body.items[0]!
  const applications = await api.get<{ items: { id: string }[] }>(`/api/partners/${demoPartner}/applications`)
  const { id: application } = applications!.body.items[0]!
  const seenBy =
    (role: Role | null, base: string) =>
    ([name, path]: readonly [string, string]): Screen => ({ name, role, path: base + path })
  return [
    ...(
      [
        ['sign-in', '/sign-in'],
        ['forgot', '/forgot'],
        ['invitation-ended', '/invitation'],
        ['new-password-ended', '/new-password'],
      ] as const
    ).map(seenBy(null, '/auth')),
    ...(
      [
        ['overview', ''],
        ['requests', '/requests'],
        ['traffic', '/traffic'],
        ['approvals', '/approvals'],
        ['apis', '/apis'],
        ['document', `/versions/${version}/docs`],
        ['operation', `/versions/${version}/docs/operations/createPayment`],
        ['backends', '/backends'],
        ['backend', '/backends/payments-demo'],
        ['snapshots', '/snapshots'],
        ['snapshot', '/snapshots/1'],
        ['audit', '/audit'],
        ['partners', '/partners'],
        ['partner', `/partners/${demoPartner}`],
        ['unknown', '/nowhere'],
      ] as const
    ).map(seenBy('platform-owner', '/admin')),
    ...(
      [
        ['portal-home', ''],
        ['portal-start', '/start'],
        ['portal-catalog', '/apis'],
        ['portal-applications', '/applications'],
        ['portal-application', `/applications/${application}`],
        ['portal-usage', '/usage'],
        ['portal-requests', '/requests'],
        ['portal-document', `/apis/${version}`],
        ['portal-operation', `/apis/${version}/operations/createPayment`],
        ['portal-classic', `/apis/${version}/operations/createPayment?view=classic`],
      ] as const
    ).map(seenBy('partner-owner', `/portal/${demoPartner}`)),
    ...(
      [
        ['second-factor', '/second-factor'],
        ['no-access', '/no-access'],
      ] as const
    ).map(seenBy('partner-viewer', '/auth')),
  ]
}

const folder = join(import.meta.dirname, '..', '..', '..', 'admin', 'ui')

interface Chunk {
  readonly file: string
  readonly src?: string
  readonly isDynamicEntry?: boolean
}

const manifest = (): Chunk[] =>
  Object.values(JSON.parse(readFileSync(join(folder, 'dist', '.vite', 'manifest.json'), 'utf8')))

/** File of the build of each screen, by its source, e.g. `platform/apis/apis.tsx`. */
export const builtScreens = (): ReadonlyMap<string, string> =>
  new Map(
    manifest()
      .filter(
        ({ src, isDynamicEntry }) =>
          isDynamicEntry && /^(auth|docs|platform|portal)\/.*\.tsx$/.test(src ?? ''),
      )
      .map(({ src, file }) => [src!, file]),
  )

/** The texts of a language by the file of the build that holds them. */
export const builtTexts = (language: string): ReadonlyMap<string, object> =>
  new Map(
    manifest()
      .filter(({ src }) => src?.startsWith(`locales/${language}/`))
      .map(({ src, file }) => [file, JSON.parse(readFileSync(join(folder, src!), 'utf8'))]),
  )

/** Waits until a screen shows what it has to show: nothing is asked for, and nothing stands for what is to come. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main').waitFor()
  await page.locator('main h1, main h2').first().waitFor()
  // Not by waitForFunction: it would have the page evaluate a text, which the page's policy forbids.
  await until(
    () => page.evaluate<boolean>("!document.querySelector('[aria-busy=true], .mantine-Skeleton-root')"),
    { timeoutMs: 15_000 },
  )
}

export const widthOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth')
