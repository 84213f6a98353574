// Builds the web console when what it is made from has changed. Plain JavaScript: it runs on Node 20.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findNode, root, SetupFault, say } from './setup.mjs'

const dist = join(root, 'admin', 'ui', 'dist')
const stamp = join(dist, 'made-from')

/** Builds the console if it is missing or older than its sources. @throws SetupFault when it cannot be built */
export function ensureConsole() {
  const sources = hashOfSources()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return
  say('Building the console …')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', '--config', join('admin', 'ui', 'vite.config.ts'), '--logLevel', 'error']
  const { status, stderr } = spawnSync(findNode(), args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (status !== 0) throw new SetupFault(`The console could not be built:\n${stderr.slice(-4_000)}`)
  writeFileSync(stamp, sources)
}

/** Of all files of the app, and of the packages that it is made with. */
function hashOfSources() {
  const folder = join(root, 'admin', 'ui')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.name.endsWith('.d.ts'))
    .map((file) => join(file.parentPath, file.name))
    .filter((file) => !file.startsWith(dist))
    .concat(join(root, 'admin', 'auth', 'rules.ts'), join(root, 'package-lock.json'))
    .filter((file) => existsSync(file))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file))
  return hash.digest('hex')
}
