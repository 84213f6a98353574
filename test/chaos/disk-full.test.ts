import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, openSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { callOnce, connections, underLoad } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'
import { freePort } from '../support/redis.ts'
import { startTarget, type TargetProcess } from '../support/target-process.ts'
import { until } from '../support/until.ts'

/** Whatever is written to it meets a full disk: ENOSPC, from the kernel. */
const full = '/dev/full'
const onLinux = existsSync(full) ? test : test.skip
const where = existsSync(full) ? '' : ` (skipped: there is no ${full})`

let platform: Platform
let target: TargetProcess
let demo: Demo
const agent = connections(4)

beforeAll(async () => {
  ;[platform, target] = await Promise.all([startPlatform(), startTarget()])
  demo = await publishDemo(platform, { targets: [{ url: target.url }] })
}, 60_000)
afterAll(async () => {
  agent.destroy()
  await platform?.close()
  await target?.kill()
})

const call = (url: string) =>
  callOnce(`${url}/payments/v1/accounts/1/balance`, { headers: { 'x-api-key': demo.key }, agent })

describe('a full disk', () => {
  onLinux(
    `under the snapshot file touches no call, is said, and is tried again${where}`,
    async () => {
      const gateway = await platform.gateway({ LOG_ACCESS: 'off' })
      await gateway.serves(demo.snapshot)
      const file = join(gateway.dataDir, 'snapshot.json')
      const kept = () => JSON.parse(readFileSync(file, 'utf8')).number
      await until(() => kept() === demo.snapshot)
      // The file is written beside and renamed: there, the disk is full.
      const beside = `${file}.${gateway.pid}.tmp`
      symlinkSync(full, beside)
      const { faults } = await underLoad({ workers: 4, call: () => call(gateway.url) }, async () => {
        const next = await demo.publish()
        await gateway.serves(next)
        await until(async () => (await gateway.readiness()).snapshotFileFault.includes('ENOSPC'))
        expect(await gateway.readiness()).toMatchObject({ isReady: true, snapshot: next })
        expect(kept()).toBe(demo.snapshot) // the old one, whole
        expect(gateway.output()).toContain('the snapshot file could not be written')
        // What was begun is cleared away, so that the next try finds room.
        expect(lstatSync(beside, { throwIfNoEntry: false })).toBeUndefined()
        await until(() => kept() === next, { timeoutMs: 15_000 })
        await until(async () => (await gateway.metrics()).includes('gateway_snapshot_file_stale 0\n'))
      })
      expect(faults).toEqual([])
      expect(await gateway.stop()).toBe(0)
    },
    60_000,
  )

  test.each([
    ['a log on a full disk', existsSync(full) ? openSync(full, 'w') : undefined],
    ['a log that nobody reads any more', 'pipe'],
  ] as const)(
    'under %s costs lines of the log, and no call',
    async (_, stdout) => {
      const [port, privatePort] = [await freePort(), await freePort()]
      const child = spawn(process.execPath, ['gateway/main.ts'], {
        stdio: ['ignore', stdout ?? 'ignore', 'ignore'],
        env: {
          ...platform.env,
          PATH: process.env.PATH,
          GATEWAY_HOST: '127.0.0.1',
          GATEWAY_PORT: String(port),
          GATEWAY_METRICS_PORT: String(privatePort),
          GATEWAY_THREADS: '2',
          GATEWAY_DRAIN_DELAY_MS: '0',
          DATA_DIR: join(platform.env.DATA_DIR ?? '/tmp', `disk-full-${port}`),
        },
      })
      child.stdout?.destroy()
      try {
        const url = `http://127.0.0.1:${port}`
        const readiness = () => fetch(`http://127.0.0.1:${privatePort}/readyz`)
        await until(async () => (await readiness()).ok, { timeoutMs: 40_000 })
        const { faults } = await underLoad({ workers: 4, call: () => call(url) }, async ({ total }) => {
          await until(() => total() > 1_000, { timeoutMs: 30_000 })
        })
        expect(faults).toEqual([])
        const metrics = await (await fetch(`http://127.0.0.1:${privatePort}/metrics`)).text()
        expect(metrics).toContain('gateway_thread_restarts 0\n')
      } finally {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        expect((await ended)[0]).toBe(0)
      }
    },
    60_000,
  )
})
