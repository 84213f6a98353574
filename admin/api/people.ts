import { z } from 'zod'
import {
  changePerson,
  endInvitation,
  getPerson,
  invite,
  listInvitations,
  listPeople,
  notePerson,
  resetLink,
} from '../../registry/people.ts'
import { Email, Invitation, Person, PlatformRole } from '../../registry/people-model.ts'
import { invitationLink, resetLinkOf } from '../accounts/links.ts'
import { dropSecondFactor } from '../accounts/passwords.ts'
import { endSessions } from '../accounts/sessions.ts'
import { list, record, route } from '../route.ts'
import { Invited, mailInvitation } from './invited.ts'
import { listOptions, listQuery, pageOf } from './schemas.ts'

const Link = z.object({ link: z.string().describe('Works once, for an hour. Give it to the person only.') })

/** The platform team, and all people for whom it answers. Addresses of invitations stand before those of a person. */
export const peopleRoutes = [
  route({
    id: 'listPeople',
    method: 'get',
    path: '/api/people',
    tag: 'People',
    summary: 'Lists all people who can sign in to the console.',
    permission: 'people',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(Person) },
    handle: async ({ registry, query }) => list(await listPeople(registry, listOptions(query))),
  }),
  route({
    id: 'invitePerson',
    method: 'post',
    path: '/api/people/invitations',
    tag: 'People',
    summary: 'Invites somebody to the platform team.',
    permission: 'people',
    isDangerous: true,
    body: z.strictObject({ email: Email, roles: z.array(PlatformRole).min(1).max(4) }),
    answer: { status: 201, schema: Invited },
    refuses: ['sign-in-again'],
    async handle({ registry, config, log, actor, from, body }) {
      const { invitation, token } = await invite(registry, actor, { ...body, membership: null })
      const link = invitationLink(from.origin, token)
      const isMailed = await mailInvitation(config, log, body.email, link)
      return { status: 201, body: { invitation: invitation.value, link: isMailed ? null : link } }
    },
  }),
  route({
    id: 'listInvitations',
    method: 'get',
    path: '/api/people/invitations',
    tag: 'People',
    summary: 'Lists invitations that were not accepted yet.',
    permission: 'people',
    query: listQuery({}),
    answer: { status: 200, schema: pageOf(Invitation) },
    handle: async ({ registry, query }) => list(await listInvitations(registry, listOptions(query))),
  }),
  route({
    id: 'endInvitation',
    method: 'post',
    path: '/api/people/invitations/{invitation}/end',
    tag: 'People',
    summary: 'Takes an invitation back; its link ends.',
    permission: 'people',
    answer: { status: 204 },
    async handle({ registry, actor, params, ifMatch }) {
      await endInvitation(registry, actor, params.invitation, ifMatch)
      return {}
    },
  }),
  route({
    id: 'getPerson',
    method: 'get',
    path: '/api/people/{person}',
    tag: 'People',
    summary: 'Shows a person.',
    permission: 'people',
    answer: { status: 200, schema: Person, hasEtag: true },
    handle: async ({ registry, params }) => record(await getPerson(registry, params.person)),
  }),
  route({
    id: 'replacePersonRights',
    method: 'put',
    path: '/api/people/{person}',
    tag: 'People',
    summary:
      'Changes the roles of a person in the platform, or suspends them. Takes effect with their next call.',
    permission: 'people',
    isDangerous: true,
    body: z.strictObject({ roles: z.array(PlatformRole).max(4), isSuspended: z.boolean() }),
    answer: { status: 200, schema: Person, hasEtag: true },
    refuses: ['state-conflict', 'sign-in-again'],
    async handle({ registry, actor, from, params, body, ifMatch }) {
      const stored = await changePerson(registry, actor, params.person, () => body, ifMatch)
      // Let in again, a person begins anew: what was open before stays closed.
      if (body.isSuspended) await endSessions(from.accounts, stored.value.id)
      return record(stored)
    },
  }),
  route({
    id: 'makeResetLink',
    method: 'post',
    path: '/api/people/{person}/reset-link',
    tag: 'People',
    summary: 'Makes a link with which a person sets a new password; on wish their second factor ends, too.',
    permission: 'people',
    isDangerous: true,
    body: z.strictObject({ endSecondFactor: z.boolean().default(false).describe('For who has lost it.') }),
    answer: { status: 200, schema: Link },
    refuses: ['sign-in-again'],
    async handle({ registry, actor, from, params, body }) {
      const { value } = await getPerson(registry, params.person)
      await notePerson(registry, actor, 'reset', value.id, body)
      if (body.endSecondFactor) await dropSecondFactor(from.accounts, value.id)
      return { body: { link: resetLinkOf(from.origin, await resetLink(registry, value.id)) } }
    },
  }),
]
