// `npm run types`: the console's types are made from the admin API, then everything is checked.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './setup.mjs'

// By its file: TypeScript 5, which the generator of types needs, brings a command of the same name.
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

for (const args of [[join(root, 'scripts', 'ui-types.ts')], [tsc], [tsc, '-p', join('admin', 'ui')]]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
