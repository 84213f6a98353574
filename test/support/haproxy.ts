import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from './balancer.ts'
import { freePort } from './redis.ts'
import { until } from './until.ts'

export const hasHaproxy = spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0

/** A real HAProxy before gateways. It checks `/readyz`, and is told to try no call twice. */
export async function startHaproxy(backends: readonly Backend[]) {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  const servers = backends.map(({ url, privateUrl }, i) => {
    const { host } = new URL(url)
    return `  server gateway-${i + 1} ${host} check port ${new URL(privateUrl).port} inter 100 fall 1 rise 1`
  })
  const text = `
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout check 2s
  retries 0
listen gateways
  bind 127.0.0.1:${port}
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr host gateway
${servers.join('\n')}
`
  writeFileSync(file, text)
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  let output = ''
  child.stderr.on('data', (chunk) => (output += chunk))
  const url = `http://127.0.0.1:${port}`
  await until(() => {
    if (child.exitCode !== null) throw new Error(`haproxy ended: ${output}`)
    return fetch(url).then(({ status }) => status !== 503)
  })
  return {
    url,
    /** What it says of its servers. */
    output: () => output,
    async stop() {
      const ended = once(child, 'exit')
      end()
      await ended
      process.off('exit', end)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
