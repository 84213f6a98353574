import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import { verifyRegistry } from '../../registry/verify.ts'
import { type AdminProcess, callAdmin, startAdmin } from '../support/admin-process.ts'
import { type Send, writeEverything } from '../support/admin-writes.ts'
import { type Platform, startPlatform, tester } from '../support/platform.ts'
import { until } from '../support/until.ts'

let platform: Platform
let token: string
/** Of things that were made and not deleted since, as far as the answers say. */
const kept = new Set<string>()

beforeAll(async () => {
  platform = await startPlatform()
  const made = await createAdminToken(platform.registry, tester, {
    title: 'test',
    permissions: ['admin'],
    expiresAt: null,
  })
  token = made.secret
}, 60_000)

afterAll(() => platform?.close())

/** Four services at a time keep a small machine busy; Redis is not what is slow here. */
const env = () => ({ ...platform.env, REDIS_TIMEOUT_MS: '20000' })

class Gone extends Error {}
class Refused extends Error {}

/** Sends writes until the admin service is gone, and remembers what was acknowledged. */
function sender(admin: AdminProcess, onSend: (count: number) => void, isKilled: () => boolean): Send {
  let count = 0
  return async (method, path, body) => {
    onSend(++count)
    const answer = await callAdmin(admin.url, token, method, path, body).catch((cause) => {
      if (isKilled()) throw new Gone('the admin service was killed', { cause })
      throw cause
    })
    const what = `${method} ${path}: ${answer.status} ${answer.body}`
    // Another service may have rolled back to what we delete: then nothing has happened.
    if (answer.status === 412 || answer.status === 409) throw new Refused(what)
    if (answer.status >= 300) throw new Error(what)
    const { location } = answer.headers
    // Credentials go with their application.
    if (method === 'POST' && location && !location.startsWith('/api/credentials/')) kept.add(location)
    if (method === 'DELETE') kept.delete(path)
    return answer.json
  }
}

/** Starts an admin service, writes, and kills it so long after it was sent the n-th request. */
async function killedAfter(requests: number, ms: number, name: string): Promise<void> {
  const admin = await startAdmin(env())
  let isKilled = false
  const onSend = async (count: number) => {
    if (count !== requests) return
    await wait(ms) // what is varied: not a wait for anything
    isKilled = true
    await admin.kill()
  }
  const send = sender(admin, onSend, () => isKilled)
  try {
    for (let round = 0; round < 5; round++) {
      const end = await writeEverything(send, `${name}-${round}`).catch((error) => error)
      if (end instanceof Gone) return
      if (end !== undefined && !(end instanceof Refused)) throw end
    }
  } finally {
    await admin.kill()
  }
  throw new Error(`it was not killed: ${requests} requests are too many`)
}

describe('kill -9 of the admin service', () => {
  test.each([0, 1, 2, 3])(
    'leaves the registry whole, wherever it strikes (round %i)',
    async (round) => {
      // A sequence of writes has 36 requests; four services at a time are killed at points spread over all of them.
      const points = [0, 1, 2, 3].map((i) => ({
        requests: 1 + ((round + 4 * i) * 36) / 16,
        ms: (round * 3 + i) % 7,
      }))
      await Promise.all(
        points.map(({ requests, ms }, i) => killedAfter(Math.round(requests), ms, `r${round}-${i}`)),
      )
      // What was still in a socket of Redis is carried out, or is not.
      await until(async () => (await verifyRegistry(platform.registry)).length === 0).catch(async () => {
        expect(await verifyRegistry(platform.registry)).toEqual([])
      })
    },
    60_000,
  )

  test('loses nothing that was acknowledged, and the next one goes on', async () => {
    const admin = await startAdmin(env())
    expect(kept.size).toBeGreaterThan(20)
    let unanswered = 0
    for (const location of kept) {
      const { status } = await callAdmin(admin.url, token, 'GET', location)
      // Deleted at last, and the answer was lost with the service: that is the one thing that may have happened.
      if (status === 404) unanswered++
      else expect(`${location} ${status}`).toBe(`${location} 200`)
    }
    expect(unanswered).toBeLessThanOrEqual(16) // one for each service that was killed
    await writeEverything(
      sender(
        admin,
        () => {},
        () => false,
      ),
      'after',
    )
    expect(await verifyRegistry(platform.registry)).toEqual([])
    await admin.kill()
  }, 60_000)
})
