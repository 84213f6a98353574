import { z } from 'zod'
import { networkOf } from '../../registry/base/network.ts'
import { problem } from '../../registry/base/problem.ts'
import { kinds } from '../../registry/kinds.ts'
import {
  changePerson,
  createPerson,
  endInvitation,
  findPersonByEmail,
  invitationOf,
  takeInvitation,
  withRole,
} from '../../registry/people.ts'
import { type Invitation, PersonName } from '../../registry/people-model.ts'
import { find, type Registry } from '../../registry/store.ts'
import { createAccount, requireStrong } from '../accounts/passwords.ts'
import { countTry, sessionOf } from '../auth/caller.ts'
import { route } from '../route.ts'

const Token = z.string().max(100)

const gone = () =>
  problem('link-invalid', { detail: 'It was used, withdrawn, or is older than seven days. Ask for another.' })

/** What the one who was invited does with the link. */
export const invitationRoutes = [
  route({
    id: 'lookAtInvitation',
    method: 'post',
    path: '/api/invitations/look',
    tag: 'Session',
    summary: 'What a link invites to.',
    permission: 'public',
    body: z.strictObject({ token: Token }),
    answer: {
      status: 200,
      schema: z.object({
        email: z.string(),
        roles: z.array(z.string()),
        partner: z.string().nullable().describe('Title of the partner, if it is one.'),
        isKnown: z.boolean().describe('Whether they sign in to accept, rather than choose a password.'),
      }),
    },
    refuses: ['link-invalid', 'rate-limited'],
    async handle({ registry, from, body }) {
      await countTry(registry, networkOf(from.address), 'console-link', 60)
      const found = await invitationOf(registry, body.token)
      if (!found) throw gone()
      const { email, roles, membership } = found.value
      const partner = membership && (await find(registry, kinds.partner, membership.partnerId))
      const isKnown = (await findPersonByEmail(registry, email)) !== undefined
      return {
        body: {
          email,
          roles: membership ? [membership.role] : roles,
          partner: partner?.value.title ?? null,
          isKnown,
        },
      }
    },
  }),
  route({
    id: 'acceptInvitation',
    method: 'post',
    path: '/api/invitations/accept',
    tag: 'Session',
    summary: 'Accepts an invitation: with a name and a password, or as who is signed in already.',
    permission: 'public',
    body: z.strictObject({
      token: Token,
      name: PersonName.optional(),
      password: z.string().max(256).optional(),
    }),
    answer: { status: 200, schema: z.object({ email: z.string() }) },
    refuses: ['link-invalid', 'password-weak', 'sign-in-failed', 'input-invalid', 'rate-limited'],
    async handle({ registry, from, body }) {
      await countTry(registry, networkOf(from.address), 'console-link', 60)
      const found = await invitationOf(registry, body.token)
      if (!found) throw gone()
      const { email } = found.value
      const known = await findPersonByEmail(registry, email)
      if (known) {
        const session = await sessionOf(registry, from.accounts, from.req)
        if (session?.person.id !== known.value.id)
          throw problem('sign-in-failed', { detail: `Sign in as ${email} first, then open the link again.` })
        await use(registry, body.token)
        await join(registry, known.value.id, found.value)
        return { body: { email } }
      }
      const { name, password } = body
      if (!name || !password) throw problem('input-invalid', { detail: 'Give a name and a password.' })
      requireStrong(password, [name, email.split('@')[0]!])
      await use(registry, body.token)
      const id = await createAccount(from.accounts, { email, name, password })
      const { roles, membership } = found.value
      await createPerson(
        registry,
        { id },
        { id, email, name, roles, memberships: membership ? [membership] : [] },
      )
      return { body: { email } }
    },
  }),
]

/** Of all who try it at once one goes on. */
async function use(r: Registry, token: string): Promise<void> {
  const taken = await takeInvitation(r, token)
  if (!taken) throw gone()
  await endInvitation(r, { id: 'system' }, taken.id)
}

async function join(r: Registry, id: string, { roles, membership }: Invitation): Promise<void> {
  await changePerson(r, { id }, id, (person) => ({
    roles: [...new Set([...person.roles, ...roles])],
    memberships: membership
      ? withRole(person.memberships, membership.partnerId, membership.role)
      : person.memberships,
  }))
}
