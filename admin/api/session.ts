import { fromNodeHeaders } from 'better-auth/node'
import { z } from 'zod'
import { networkOf } from '../../registry/base/network.ts'
import { problem } from '../../registry/base/problem.ts'
import { Permission } from '../../registry/model.ts'
import { keep } from '../../registry/one-time.ts'
import { changePerson, findPersonByEmail, notePerson } from '../../registry/people.ts'
import { Language, PartnerRole, PersonName, PlatformRole, Theme } from '../../registry/people-model.ts'
import type { Registry } from '../../registry/store.ts'
import { countSignIn, countTry, putToRest, wake } from '../auth/caller.ts'
import { freshMs, partnerRoles } from '../auth/rules.ts'
import { type Answer, type From, route } from '../route.ts'
import { partnersById } from './people-views.ts'
import { tried } from './tried.ts'

const Session = z.object({
  person: z
    .object({
      id: z.string(),
      name: z.string(),
      email: z.string(),
      language: Language.nullable().describe('Chosen for the console; `null`: that of the browser.'),
      theme: Theme.describe('Chosen for the console.'),
      hasSecondFactor: z.boolean(),
    })
    .nullable()
    .describe('`null` for an admin token.'),
  roles: z.array(PlatformRole).describe('In the platform team.'),
  permissions: z.array(Permission).describe('In the platform.'),
  partners: z
    .array(
      z.object({
        id: z.string().describe('Of the partner.'),
        name: z.string(),
        title: z.string(),
        role: PartnerRole,
        permissions: z.array(z.string()).describe('In this partner, e.g. `portal:write`.'),
      }),
    )
    .describe('Of which the person is a member.'),
  mustSetUpSecondFactor: z.boolean().describe('Until then nothing else is allowed.'),
})

const Next = z.object({
  next: z
    .enum(['done', 'second-factor'])
    .describe('`second-factor`: send its code to `/api/session/second-factor`.'),
})

const Password = z.string().min(1).max(256)

export const sessionRoutes = [
  route({
    id: 'getSession',
    method: 'get',
    path: '/api/session',
    tag: 'Session',
    summary: 'Who calls, and what they may do.',
    permission: 'any',
    answer: { status: 200, schema: Session },
    async handle({ registry, caller, from }) {
      const { session } = caller
      const partners = await partnersById(registry, session?.person.memberships ?? [])
      const found = session && (await from.accounts.api.getSession({ headers: headersOf(from) }))
      return {
        body: {
          person: session
            ? {
                id: session.person.id,
                name: session.person.name,
                email: session.person.email,
                language: session.person.language,
                theme: session.person.theme,
                hasSecondFactor: found?.user.twoFactorEnabled === true,
              }
            : null,
          roles: session?.person.roles ?? [],
          permissions: caller.permissions,
          partners: (session?.person.memberships ?? []).flatMap(({ partnerId, role }) => {
            const partner = partners.get(partnerId)
            return partner
              ? [
                  {
                    id: partner.id,
                    name: partner.name,
                    title: partner.title,
                    role,
                    permissions: [...partnerRoles[role]],
                  },
                ]
              : []
          }),
          mustSetUpSecondFactor: session?.mustEnrol ?? false,
        },
      }
    },
  }),
  route({
    id: 'signIn',
    method: 'post',
    path: '/api/session',
    tag: 'Session',
    summary: 'Signs a person in with their password; the session comes as a cookie.',
    permission: 'public',
    body: z.strictObject({ email: z.string().max(254), password: Password }),
    answer: { status: 200, schema: Next },
    refuses: ['sign-in-failed', 'rate-limited', 'origin-refused'],
    async handle({ registry, from, body }) {
      const email = body.email.trim().toLowerCase()
      await countSignIn(registry, from.address, email)
      const { headers, response } = await tried(
        from.accounts.api.signInEmail({
          body: { email, password: body.password },
          headers: headersOf(from),
          returnHeaders: true,
        }),
      )
      const person = await findPersonByEmail(registry, email)
      if (!person || person.value.isSuspended) throw refused()
      const needsFactor = 'twoFactorRedirect' in response && response.twoFactorRedirect === true
      if (!needsFactor) await enter(registry, from, headers)
      return { body: { next: needsFactor ? 'second-factor' : 'done' }, cookies: headers.getSetCookie() }
    },
  }),
  route({
    id: 'passSecondFactor',
    method: 'post',
    path: '/api/session/second-factor',
    tag: 'Session',
    summary: 'The second step of signing in: a code of the authenticator app, or one of the backup codes.',
    permission: 'public',
    body: z.strictObject({ code: z.string().trim().min(6).max(20) }),
    answer: { status: 200, schema: Next },
    refuses: ['sign-in-failed', 'rate-limited', 'origin-refused'],
    async handle({ registry, from, body }) {
      await countTry(registry, networkOf(from.address), 'console-second-factor', 10)
      const { api } = from.accounts
      const given = { headers: headersOf(from), returnHeaders: true as const }
      const isTotp = /^\d{6}$/.test(body.code)
      const { headers } = await tried(
        isTotp
          ? api.verifyTOTP({ body: { code: body.code }, ...given })
          : api.verifyBackupCode({ body: { code: body.code }, ...given }),
      )
      await enter(registry, from, headers)
      return { body: { next: 'done' }, cookies: headers.getSetCookie() }
    },
  }),
  route({
    id: 'confirmSession',
    method: 'post',
    path: '/api/session/confirm',
    tag: 'Session',
    summary: 'Confirms with the password that it is still the same person; holds for five minutes.',
    permission: 'person',
    body: z.strictObject({ password: Password }),
    answer: { status: 204 },
    refuses: ['sign-in-failed', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-confirm', 5)
      await tried(from.accounts.api.verifyPassword({ body, headers: headersOf(from) }))
      await keep(registry, 'session-confirmed', caller.session!.id, true, freshMs)
      return {}
    },
  }),
  route({
    id: 'signOut',
    method: 'post',
    path: '/api/session/end',
    tag: 'Session',
    summary: 'Ends the session.',
    permission: 'person',
    answer: { status: 204 },
    async handle({ registry, caller, from }): Promise<Answer> {
      await putToRest(registry, caller.session!.id)
      const { headers } = await from.accounts.api.signOut({ headers: headersOf(from), returnHeaders: true })
      return { cookies: headers.getSetCookie() }
    },
  }),
  route({
    id: 'changeProfile',
    method: 'post',
    path: '/api/profile',
    tag: 'Session',
    summary: 'Changes one’s own name, language and theme.',
    permission: 'person',
    body: z.strictObject({
      name: PersonName.optional(),
      language: Language.nullable().optional(),
      theme: Theme.optional(),
    }),
    answer: { status: 204 },
    async handle({ registry, actor, caller, body }) {
      await changePerson(registry, actor, caller.id, () => body)
      return {}
    },
  }),
]

/** With the address that we believe in place of the one that may have been made up: it is told in the list of sessions. */
export function headersOf(from: From): Headers {
  const headers = fromNodeHeaders(from.req.headers)
  headers.set('x-forwarded-for', from.address)
  return headers
}

export const refused = () =>
  problem('sign-in-failed', { detail: 'The e-mail address or the password is not right.' })

/**
 * Begins a session that was just made, known by the cookie that goes to the browser; a change of the second factor makes
 * one, too.
 *
 * @returns whose it is @throws Problem sign-in-failed: none was made, as of a code that no sign-in asked for
 */
export async function begin(registry: Registry, from: From, made: Headers): Promise<string> {
  const cookie = made
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const found = await from.accounts.api.getSession({ headers: new Headers({ cookie }) })
  if (!found) throw problem('sign-in-failed', { detail: 'No sign-in waits for this. Begin again.' })
  await wake(registry, found.session.id)
  return found.user.id
}

async function enter(registry: Registry, from: From, made: Headers): Promise<void> {
  const id = await begin(registry, from, made)
  await notePerson(registry, { id }, 'sign-in', id)
}
