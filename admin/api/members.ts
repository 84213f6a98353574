import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import { getPartner } from '../../registry/partners.ts'
import {
  changePerson,
  endInvitation,
  getPerson,
  invite,
  listInvitations,
  listPeople,
  withRole,
} from '../../registry/people.ts'
import { Email, Invitation, PartnerRole } from '../../registry/people-model.ts'
import type { Actor, Registry } from '../../registry/store.ts'
import { invitationLink } from '../accounts/links.ts'
import { type AnyRoute, list, route } from '../route.ts'
import { Invited, mailInvitation } from './invited.ts'
import { asMember } from './people-views.ts'
import { listOptions, listQuery, pageOf } from './schemas.ts'

const Member = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: PartnerRole.nullable(),
  isSuspended: z.boolean(),
  createdAt: z.int(),
})

/** The members of a partner: managed by its owners, and by the platform. */
export const memberRoutes: AnyRoute[] = [
  ...rows('', '/api/partners/{partner}', 'People', 'read', 'people'),
  ...rows('Own', '/api/portal/{partner}', 'Portal', 'portal:read', 'portal:members'),
]

function rows(
  suffix: '' | 'Own',
  base: '/api/partners/{partner}' | '/api/portal/{partner}',
  tag: string,
  reads: 'read' | 'portal:read',
  manages: 'people' | 'portal:members',
): AnyRoute[] {
  return [
    route({
      id: `list${suffix}Members`,
      method: 'get',
      path: `${base}/members`,
      tag,
      summary: 'Lists the members of a partner.',
      permission: reads,
      query: listQuery({}),
      answer: { status: 200, schema: pageOf(Member) },
      async handle({ registry, params, query }) {
        const id = await idOf(registry, params.partner)
        return list(await listPeople(registry, listOptions(query), id), asMember(id))
      },
    }),
    route({
      id: `invite${suffix}Member`,
      method: 'post',
      path: `${base}/members/invitations`,
      tag,
      summary: 'Invites somebody to become a member.',
      permission: manages,
      body: z.strictObject({ email: Email, role: PartnerRole }),
      answer: { status: 201, schema: Invited },
      async handle({ registry, config, log, actor, from, params, body }) {
        const partnerId = await idOf(registry, params.partner)
        const membership = { partnerId, role: body.role }
        const { invitation, token } = await invite(registry, actor, {
          email: body.email,
          roles: [],
          membership,
        })
        const link = invitationLink(from.origin, token)
        const isMailed = await mailInvitation(config, log, body.email, link)
        return { status: 201, body: { invitation: invitation.value, link: isMailed ? null : link } }
      },
    }),
    route({
      id: `list${suffix}MemberInvitations`,
      method: 'get',
      path: `${base}/members/invitations`,
      tag,
      summary: 'Lists invitations that were not accepted yet.',
      permission: manages,
      query: listQuery({}),
      answer: { status: 200, schema: pageOf(Invitation) },
      handle: async ({ registry, params, query }) =>
        list(await listInvitations(registry, listOptions(query), await idOf(registry, params.partner))),
    }),
    route({
      id: `end${suffix}MemberInvitation`,
      method: 'post',
      path: `${base}/members/invitations/{invitation}/end`,
      tag,
      summary: 'Takes an invitation back; its link ends.',
      permission: manages,
      answer: { status: 204 },
      async handle({ registry, actor, params, ifMatch }) {
        const partnerId = await idOf(registry, params.partner)
        const all = await listInvitations(registry, { limit: 200 }, partnerId)
        if (!all.items.some(({ value }) => value.id === params.invitation))
          throw problem('not-found', { detail: 'There is no such invitation.' })
        await endInvitation(registry, actor, params.invitation, ifMatch)
        return {}
      },
    }),
    route({
      id: `change${suffix}MemberRole`,
      method: 'post',
      path: `${base}/members/{person}/role`,
      tag,
      summary: 'Gives a member another role; `null` ends the membership.',
      permission: manages,
      body: z.strictObject({ role: PartnerRole.nullable() }),
      answer: { status: 204 },
      refuses: ['state-conflict'],
      async handle({ registry, actor, params, body }) {
        const partnerId = await idOf(registry, params.partner)
        await requireMember(registry, partnerId, params.person)
        if (body.role !== 'partner-owner' && manages === 'portal:members')
          await requireOtherOwner(registry, partnerId, params.person)
        await changeRole(registry, actor, partnerId, params.person, body.role)
        return {}
      },
    }),
  ]
}

const idOf = async (r: Registry, partner: string) => (await getPartner(r, partner)).value.id

async function requireMember(r: Registry, partnerId: string, personId: string): Promise<void> {
  const person = await getPerson(r, personId).catch(() => undefined)
  if (!person?.value.memberships.some((one) => one.partnerId === partnerId))
    throw problem('not-found', { detail: 'There is no such member.' })
}

/** Who was left alone with nobody to invite others would have to ask the platform. */
async function requireOtherOwner(r: Registry, partnerId: string, personId: string): Promise<void> {
  const { items } = await listPeople(r, { limit: 200 }, partnerId)
  const others = items.filter(
    ({ value }) => value.id !== personId && asMember(partnerId)(value).role === 'partner-owner',
  )
  if (others.length === 0)
    throw problem('state-conflict', { detail: 'This is the last owner. Make somebody else an owner first.' })
}

async function changeRole(
  r: Registry,
  actor: Actor,
  partnerId: string,
  personId: string,
  role: z.infer<typeof PartnerRole> | null,
): Promise<void> {
  await changePerson(r, actor, personId, ({ memberships }) => ({
    memberships: withRole(memberships, partnerId, role),
  }))
}
