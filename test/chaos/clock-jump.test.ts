import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revokeCredential } from '../../registry/credentials.ts'
import { listGateways } from '../../registry/gateways.ts'
import { underLoad } from '../support/load.ts'
import { tester } from '../support/platform.ts'
import { type StoreStage, startStoreStage } from '../support/store-stage.ts'
import { until } from '../support/until.ts'

let stage: StoreStage
const folder = mkdtempSync(join(tmpdir(), 'clock-'))
const file = join(folder, 'error-ms')
/** Of the gateway only: Redis, and the process of this test, keep the right time. */
const setError = (ms: number) => writeFileSync(file, String(ms))
const day = 24 * 3_600_000

beforeAll(async () => {
  setError(0)
  const preload = new URL('../support/wrong-clock.mjs', import.meta.url).href
  stage = await startStoreStage(() => ({
    NODE_OPTIONS: `--import=${preload}`,
    WRONG_CLOCK_FILE: file,
  }))
}, 60_000)
afterAll(async () => {
  await stage?.close()
  rmSync(folder, { recursive: true })
})

describe('while calls come, the clock of a gateway', () => {
  test.each([
    ['goes forward by a day', day],
    ['goes back by a day', -day],
  ])(
    '%s: no call is lost, limits go by Redis, and what is revoked is refused',
    async (name, error) => {
      const { gateway, apis, platform } = stage
      const someone = await stage.stranger(name.replaceAll(' ', '-'))
      await stage.introduce()
      const call = (n: number) =>
        n % 2 === 0 ? stage.call('plain', apis.plain) : stage.call('refusing', apis.refusing)
      const { faults } = await underLoad({ workers: 4, call }, async ({ total }) => {
        setError(error)
        // Seen in the heartbeat, so it is in force.
        await until(
          async () => {
            const [own] = await listGateways(platform.registry)
            return Math.abs(own!.at - Date.now() - error) < day / 2
          },
          { timeoutMs: 10_000 },
        )
        const from = total()
        await until(() => total() > from + 200, { timeoutMs: 20_000 })
        expect(await gateway.readiness()).toMatchObject({ isReady: true, redis: 'connected', redisFault: '' })
        expect((await gateway.readiness()).snapshotAgeSeconds).toBeGreaterThanOrEqual(0)
        const { headers } = await stage.call('refusing', apis.refusing)
        expect(Number(headers['x-ratelimit-reset'])).toBeLessThan(120) // of a window of a minute
        // A change is heard, and a revocation: on all threads.
        await gateway.serves(await apis.plain.publish())
        for (let i = 0; i < 8; i++) expect(await stage.ask('plain', someone)).toBe(200)
        await revokeCredential(platform.registry, tester, someone.keyId)
        await until(async () => {
          const answers = await Promise.all(Array.from({ length: 8 }, () => stage.call('plain', someone)))
          return answers.every(({ status }) => status === 401)
        })
        setError(0)
      })
      expect(faults).toEqual([])
    },
    60_000,
  )
})
