import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

test('the process listens, says when Redis is away and back, and ends in order', async () => {
  const redis = await startRedis()
  const child = spawn(process.execPath, ['admin/main.ts'], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redis.url,
      REDIS_TIMEOUT_MS: '300',
      SECRETS_HASH_KEY: Buffer.alloc(32, 7).toString('base64'),
      ADMIN_PORT: '0',
    },
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const exited = once(child, 'exit')
  try {
    const line = await until(() => output.split('\n').find((l) => l.includes('admin listens')), {
      timeoutMs: 15_000,
    })
    const url = `http://127.0.0.1:${JSON.parse(line).address.port}`
    const status = async (path: string) => (await fetch(url + path)).status
    await until(async () => (await status('/readyz')) === 200)
    await redis.kill()
    await until(async () => (await status('/readyz')) === 503)
    expect(await status('/healthz')).toBe(200)
    const refused = await fetch(`${url}/api/apis`, {
      headers: { authorization: `Bearer pga_${'0'.repeat(38)}` },
    })
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'store-unavailable' }),
    ])
    await redis.start()
    await until(async () => (await status('/readyz')) === 200, { timeoutMs: 15_000 })
  } finally {
    child.kill('SIGTERM')
    await exited
    await redis.kill()
  }
  expect(child.exitCode).toBe(0)
})

test('the process makes the first signing key, once Redis is there, and says so; without a seal key it says that', async () => {
  const redis = await startRedis()
  const start = (more: Record<string, string>) => {
    const child = spawn(process.execPath, ['admin/main.ts'], {
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redis.url,
        SECRETS_HASH_KEY: Buffer.alloc(32, 7).toString('base64'),
        ADMIN_PORT: '0',
        ...more,
      },
    })
    const said: string[] = []
    child.stdout.on('data', (chunk) => said.push(String(chunk)))
    return { child, said }
  }
  await redis.stop()
  const rich = start({ SECRETS_SEAL_KEYS: `k1:${Buffer.alloc(32, 8).toString('base64')}` })
  const poor = start({})
  try {
    await until(() => rich.said.join('').includes('could not be tended'), { timeoutMs: 20_000 })
    await redis.start()
    await until(() => rich.said.join('').includes('signing key made'), { timeoutMs: 20_000 })
    await until(() => poor.said.join('').includes('no seal key is configured'), { timeoutMs: 20_000 })
    expect(rich.said.join('')).not.toContain('"d"')
  } finally {
    const ends = [rich, poor].map(({ child }) => once(child, 'exit'))
    for (const { child } of [rich, poor]) child.kill('SIGTERM')
    await Promise.all(ends)
    await redis.kill()
  }
})
