import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createAdminToken } from '../../registry/admin-tokens.ts'
import { type AdminProcess, callAdmin, startAdmin } from '../support/admin-process.ts'
import { type Platform, startPlatform, tester } from '../support/platform.ts'

let platform: Platform
let admin: AdminProcess

beforeAll(async () => {
  platform = await startPlatform()
  admin = await startAdmin(platform.env)
}, 60_000)

afterAll(async () => {
  await admin?.kill()
  await platform?.close()
})

// In a process of its own: jest looks away where a promise is rejected and nobody heard of it; node ends the process.
test('publishing what is not there is refused, and the service lives on', async () => {
  const { secret } = await createAdminToken(platform.registry, tester, {
    title: 'test',
    permissions: ['publish'],
    expiresAt: null,
  })
  for (const names of [{ apis: ['none'] }, { upstreams: ['none'] }, { plans: ['none'] }]) {
    for (const dryRun of [true, false]) {
      const answer = await callAdmin(admin.url, secret, 'POST', '/api/publish', { ...names, dryRun })
      expect([answer.status, (answer.json as { code?: string }).code]).toEqual([404, 'not-found'])
    }
  }
})
