import { z } from 'zod'
import { networkOf } from '../../registry/base/network.ts'
import { problem } from '../../registry/base/problem.ts'
import { hashSecret } from '../../registry/base/secrets.ts'
import { findPersonByEmail, getPerson, resetLink, takeReset } from '../../registry/people.ts'
import { Email } from '../../registry/people-model.ts'
import { resetLinkOf } from '../accounts/links.ts'
import { sendMail } from '../accounts/mail.ts'
import { requireStrong, setPassword } from '../accounts/passwords.ts'
import { countTry } from '../auth/caller.ts'
import { route } from '../route.ts'
import { headersOf } from './session.ts'
import { tried } from './tried.ts'

const Password = z.string().min(1).max(256)

export const passwordRoutes = [
  route({
    id: 'changePassword',
    method: 'post',
    path: '/api/profile/password',
    tag: 'Session',
    summary: 'Changes one’s own password; all sessions end.',
    permission: 'person',
    body: z.strictObject({ current: Password, password: Password }),
    answer: { status: 204 },
    refuses: ['sign-in-failed', 'password-weak', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-confirm', 5)
      await tried(
        from.accounts.api.verifyPassword({ body: { password: body.current }, headers: headersOf(from) }),
      )
      const { person } = caller.session!
      requireStrong(body.password, [person.name, person.email.split('@')[0]!])
      await setPassword(from.accounts, person.id, body.password)
      return {}
    },
  }),
  route({
    id: 'askForReset',
    method: 'post',
    path: '/api/password-resets',
    tag: 'Session',
    summary: 'Sends a link to set a new password, if there is such a person and a mail server.',
    description: 'The answer is the same for everybody. Without a mail server an owner makes the link.',
    permission: 'public',
    body: z.strictObject({ email: Email }),
    answer: { status: 204 },
    refuses: ['rate-limited'],
    async handle({ registry, config, log, from, body }) {
      await countTry(registry, networkOf(from.address), 'console-reset', 5)
      // Whoever asks from many networks fills nobody's letter box.
      await countTry(
        registry,
        hashSecret(registry.secrets.hashKey, `reset ${body.email}`),
        'console-reset',
        3,
      )
      const person = await findPersonByEmail(registry, body.email)
      // Not awaited: how long the mail takes would tell whether there is such a person.
      if (person && !person.value.isSuspended && config.ADMIN_SMTP_URL)
        void resetLink(registry, person.value.id)
          .then((token) => sendMail(config, log, resetMail(body.email, resetLinkOf(from.origin, token))))
          .catch((error) => log.warn({ err: error }, 'a reset could not be sent'))
      return {}
    },
  }),
  route({
    id: 'useReset',
    method: 'post',
    path: '/api/password-resets/use',
    tag: 'Session',
    summary: 'Sets a new password by a link; all sessions of the person end.',
    permission: 'public',
    body: z.strictObject({ token: z.string().max(100), password: Password }),
    answer: { status: 204 },
    refuses: ['link-invalid', 'password-weak', 'rate-limited'],
    async handle({ registry, from, body }) {
      await countTry(registry, networkOf(from.address), 'console-link', 60)
      requireStrong(body.password, [])
      const id = await takeReset(registry, body.token)
      if (id === undefined)
        throw problem('link-invalid', { detail: 'It was used, or is older than an hour. Ask for another.' })
      await getPerson(registry, id)
      await setPassword(from.accounts, id, body.password)
      return {}
    },
  }),
]

const resetMail = (to: string, link: string) => ({
  to,
  subject: 'A new password for the payments gateway · 重置支付网关密码',
  text: `Set a new password within the hour:\n\n${link}\n\nIf you did not ask for it, do nothing.\n\n请在一小时内通过上方链接设置新密码；如非本人操作，请忽略此邮件。\n`,
})
