import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { partnerRoles, platformRoles } from '../../../admin/auth/rules.ts'
import { createMetrics } from '../../../admin/metrics.ts'
import type { AnyRoute } from '../../../admin/route.ts'
import { allRoutes } from '../../../admin/routes.ts'
import { createPartner } from '../../../registry/partners.ts'
import { type Role, signInAs } from '../../support/signed-in.ts'
import { type AdminService, startAdmin } from './support.ts'

/**
 * Every row of the admin API, called by everybody. Who is let in stands in the snapshot beside this file, row by row, so
 * that a change of it is seen. A new row is written there by the next run: look at it before it is committed.
 */

let admin: AdminService
let partner: string
let other: string
beforeAll(async () => {
  admin = await startAdmin()
  const made = (name: string) => createPartner(admin.registry, { id: 'test' }, { name, title: name })
  partner = (await made('shop')).value.id
  other = (await made('rival')).value.id
})
afterAll(() => admin.close())

const roles = [...Object.keys(platformRoles), ...Object.keys(partnerRoles)] as Role[]
const rows = allRoutes(createMetrics()).filter(({ permission }) => permission !== 'public')

describe('who is let in', () => {
  test.each(rows.map((row) => [`${row.method.toUpperCase()} ${row.path}`, row] as const))(
    '%s',
    async (_, row) => {
      const allowed: string[] = []
      for (const role of roles) {
        const { cookie } = await signInAs(admin.registry, admin.env, role, partner)
        if (await isLetIn(row, `${cookie.name}=${cookie.value}`, partner)) allowed.push(role)
      }
      expect(allowed.join(' ')).toMatchSnapshot()
      expect(await isLetIn(row, undefined, partner)).toBe(false)
    },
    30_000,
  )

  test('to a partner’s rows nobody of another, nor of the platform', async () => {
    const portal = rows.filter(({ path }) => path.startsWith('/api/portal/{partner}'))
    expect(portal.length).toBeGreaterThan(5)
    for (const row of portal)
      for (const role of roles) {
        const { cookie } = await signInAs(admin.registry, admin.env, role, partner)
        for (const target of [other, 'rival', 'nowhere']) {
          const { status, body } = await call(row, `${cookie.name}=${cookie.value}`, target)
          // The same to the letter, whether there is such a partner or not.
          expect([row.id, role, status, body.code, body.detail]).toEqual([
            row.id,
            role,
            404,
            'not-found',
            `There is no partner "${target}".`,
          ])
        }
      }
  }, 60_000)
})

const refusals = new Set(['credential-missing', 'access-denied', 'second-factor-missing'])

/** What comes after the door, such as a body that is missing, is no matter here. */
async function isLetIn(row: AnyRoute, cookie: string | undefined, target: string): Promise<boolean> {
  const { body } = await call(row, cookie, target)
  const isOutside = row.path.startsWith('/api/portal/') && body?.detail === `There is no partner "${target}".`
  return !refusals.has(body?.code) && !isOutside
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into.
type Answered = { status: number; body: any }

async function call(row: AnyRoute, cookie: string | undefined, target: string): Promise<Answered> {
  const path = row.path.replace('{partner}', target).replaceAll(/\{\w+\}/g, '1')
  const answer = await fetch(admin.url + path, {
    method: row.method.toUpperCase(),
    headers: { origin: admin.url, ...(cookie !== undefined && { cookie }) },
  })
  const isJson = answer.headers.get('content-type')?.includes('json')
  // A stream of events would never end.
  if (!isJson) await answer.body?.cancel()
  return { status: answer.status, body: isJson ? await answer.json() : undefined }
}
