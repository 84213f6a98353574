import { expect, test } from '@jest/globals'
import { accessibilityFaults } from '../support/chromium.ts'
import { describeConsole, inEach } from './support/console.ts'
import { builtScreens, builtTexts, type Screen, screensOf, settled, widthOf } from './support/screens.ts'
import type { Window, WindowOptions } from './support/window.ts'

/** Each goes through all screens, on a machine that may be busy. */
const walkMs = 300_000

describeConsole('every screen', (console) => {
  /** Visits all screens in turn, each role in a window of its own. */
  async function walk(options: WindowOptions, look: (window: Window, screen: Screen) => Promise<void>) {
    const windows = new Map<string | null, Window>()
    for (const screen of await screensOf(console.platform)) {
      const { role, path } = screen
      const known = windows.get(role)
      const open = () => (role === null ? console.visit(path, options) : console.as(role, path, options))
      const window = known ?? (await open())
      windows.set(role, window)
      window.expects(/\/api\/invitations\/look/) // without a link there is none to look at
      if (known) await known.page.goto(path)
      await settled(window.page)
      await look(window, screen)
    }
  }

  inEach(
    'has no fault that axe finds',
    async (look) => {
      const faults: string[] = []
      await walk(look, async ({ page }, { name }) => {
        for (const fault of await accessibilityFaults(page))
          if (!isOfSwaggerUi(name, fault)) faults.push(`${name}: ${fault}`)
        expect(await page.locator('html').getAttribute('lang')).toBe(look.language)
      })
      expect(faults).toEqual([])
    },
    walkMs,
  )

  test(
    'is walked here, and none scrolls sideways from a telephone to a wide desk',
    async () => {
      const built = builtScreens()
      const loaded = new Set<string>()
      const watched = new WeakSet<Window>()
      const tooWide: string[] = []
      await walk({}, async (window, { name }) => {
        const { page, context } = window
        if (!watched.has(window)) {
          watched.add(window)
          context.on('request', (request) => loaded.add(new URL(request.url()).pathname.slice(1)))
          await page.reload()
          await settled(page)
        }
        for (const width of [360, 768, 1280, 1920]) {
          await page.setViewportSize({ width, height: 800 })
          const found = await widthOf(page)
          if (found > width) tooWide.push(`${name}: ${found} px at ${width}`)
        }
      })
      expect(tooWide).toEqual([])
      expect([...built].filter(([, file]) => !loaded.has(file)).map(([source]) => source)).toEqual([])
    },
    walkMs,
  )

  test('has a letter for every character of its Chinese texts', async () => {
    const { page } = await console.visit('/auth/sign-in', { language: 'zh-CN' })
    const texts = JSON.stringify([...builtTexts('zh-CN').values()])
    const characters = [...new Set(texts)].filter((one) => one > '\u2e80').join('')
    expect(await page.evaluate<string>(`(${missingIn})(${JSON.stringify(characters)})`)).toBe('')
  })
})

/** Which of the characters look like one that no font has. */
const missingIn = `(characters) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  canvas.font = '20px ' + getComputedStyle(document.body).fontFamily
  const drawn = (text) => {
    canvas.clearRect(0, 0, 40, 40)
    canvas.fillText(text, 5, 28)
    return canvas.getImageData(0, 0, 40, 40).data.join()
  }
  const box = drawn('\\u{10fffd}')
  return [...characters].filter((one) => drawn(one) === box).join('')
}`

/** The classic view is Swagger UI, which brings a `main` of its own; its inside is left out, the clash is told of ours. */
const isOfSwaggerUi = (screen: string, fault: string) =>
  screen === 'portal-classic' && fault.startsWith('landmark-no-duplicate-main')
