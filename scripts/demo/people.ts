import type { Invitation, Person } from '../../registry/people-model.ts'
import type { AdminClient } from './admin-client.ts'
import { partner } from './inputs.ts'

/** Links with which the first two people choose their passwords; `null` where one has done so. */
export interface DemoLinks {
  readonly ownerLink: string | null
  readonly partnerLink: string | null
}

const owner = 'owner@platform.example'
const member = 'owner@demo-shop.example'

/** Invites an owner of the platform and one of the demo's partner. A link of an earlier start that was not used ends. */
export async function inviteDemoPeople(admin: AdminClient): Promise<DemoLinks> {
  const members = `/api/partners/${partner.name}/members`
  const ownerLink = await linkFor(admin, '/api/people', owner, { roles: ['platform-owner'] })
  const partnerLink = await linkFor(admin, members, member, { role: 'partner-owner' })
  return { ownerLink, partnerLink }
}

async function linkFor(
  admin: AdminClient,
  people: string,
  email: string,
  rights: object,
): Promise<string | null> {
  const found = await admin.get<{ items: Pick<Person, 'email'>[] }>(`${people}?limit=200`)
  if (found?.body.items.some((one) => one.email === email)) return null
  const invitations = `${people}/invitations`
  const before = await admin.get<{ items: Invitation[] }>(`${invitations}?limit=200`)
  for (const one of before?.body.items ?? [])
    if (one.email === email) await admin.post(`${invitations}/${one.id}/end`, undefined)
  const made = await admin.post<{ link: string | null }>(invitations, { email, ...rights })
  return made.body.link
}
