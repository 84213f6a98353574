import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const dist = join(import.meta.dirname, '..', '..', 'admin', 'ui', 'dist')

interface Chunk {
  readonly file: string
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
}
const manifest = (): Record<string, Chunk> =>
  JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8'))

/** What a browser has to fetch for these entries, with all that they import: bytes as gzip sends them. */
function loadOf(entries: readonly string[], kind: '.js' | '.css'): number {
  const chunks = manifest()
  const files = new Set<string>()
  const seen = new Set<string>()
  const follow = (name: string) => {
    if (seen.has(name)) return
    seen.add(name)
    const { file, imports = [], css = [] } = chunks[name]!
    for (const one of [file, ...css]) if (one.endsWith(kind)) files.add(one)
    for (const one of imports) follow(one)
  }
  for (const entry of entries) follow(entry)
  return [...files].reduce((sum, file) => sum + statSync(join(dist, `${file}.gz`)).size, 0)
}

const kB = 1_000

describe('the first load', () => {
  const signIn = ['index.html', 'auth/frame.tsx', 'auth/sign-in.tsx']

  test('to sign in is at most 220 kB of scripts and 45 kB of styles', () => {
    expect(loadOf(signIn, '.js')).toBeLessThanOrEqual(220 * kB)
    expect(loadOf(signIn, '.css')).toBeLessThanOrEqual(45 * kB)
  })

  test.each(['platform/overview/overview.tsx', 'portal/home/home.tsx'])(
    'of somebody signed in, %s, is at most 280 kB of scripts',
    (home) => {
      const scripts = loadOf(['index.html', 'app/shell.tsx', home], '.js')
      expect(scripts).toBeGreaterThan(100 * kB) // what is measured is the app
      expect(scripts).toBeLessThanOrEqual(280 * kB)
    },
  )
})
