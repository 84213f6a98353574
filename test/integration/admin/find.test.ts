import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AdminService, startAdmin } from './support.ts'

let admin: AdminService
beforeAll(async () => {
  admin = await startAdmin()
})
afterAll(() => admin?.close())

const find = async (text: string) => {
  const headers = { authorization: `Bearer ${admin.adminToken}` }
  const response = await fetch(`${admin.url}/api/find?${new URLSearchParams({ text })}`, { headers })
  return { status: response.status, body: await response.json() }
}

test('nobody is asked to put a whole key into an address, and it is not said back', async () => {
  const secret = 'pgk_live_abcdefghijklmnopqrstuvwxyz'
  const { status, body } = await find(secret)
  expect(status).toBe(400)
  expect(body).toMatchObject({ code: 'input-invalid' })
  expect(JSON.stringify(body)).toContain('the next four letters are enough')
  expect(JSON.stringify(body)).not.toContain(secret)
  expect((await find('pgk_live_abcd…yz')).body).toEqual({ items: [] })
})
