import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationPage, configurationTable } from './docs/configuration.ts'
import { between } from './docs/markdown.ts'
import { policiesPage } from './docs/policies.ts'
import { problemsPage } from './docs/problems.ts'
import { root } from './setup.mjs'

/**
 * Writes the pages that derive from code; with `--check` writes nothing and ends with 1 when one of them is stale.
 */
const isCheck = process.argv.includes('--check')

const pages: Record<string, (before: string) => string> = {
  'docs/policies.md': policiesPage,
  'docs/problems.md': problemsPage,
  'docs/configuration.md': configurationPage,
  'README.md': (before) => between(before, 'configuration', configurationTable()),
}

const stale: string[] = []
for (const [name, render] of Object.entries(pages)) {
  const path = join(root, name)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const after = render(before)
  if (after === before) continue
  stale.push(name)
  if (!isCheck) writeFileSync(path, after)
}

if (stale.length === 0) console.log('The generated pages are up to date.')
else if (!isCheck) console.log(`Written: ${stale.join(', ')}`)
else {
  console.error(`Not up to date with the code: ${stale.join(', ')}. Run: npm run docs`)
  process.exitCode = 1
}
