// `npm start`: installs what is missing, then hands over to the demo on the right Node. Runs on Node 20.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureConsole } from './build-console.mjs'
import { ensureDependencies, ensureRedis, findNode, root, run } from './setup.mjs'

await run(() => {
  ensureDependencies()
  ensureConsole()
  const redis = process.env.REDIS_URL ? '' : ensureRedis()
  const demo = spawn(findNode(), [join(root, 'scripts', 'demo.ts')], {
    stdio: 'inherit',
    env: { ...process.env, DEMO_REDIS_SERVER: redis },
  })
  // Ctrl-C reaches the whole group; a signal sent to us alone must reach the demo too, which takes repeats calmly.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => demo.kill('SIGTERM'))
  demo.on('exit', (code) => process.exit(code ?? 1))
})
