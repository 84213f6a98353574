import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import { countTry } from '../auth/caller.ts'
import { route } from '../route.ts'
import { begin, headersOf } from './session.ts'
import { tried } from './tried.ts'

const withPassword = z.strictObject({ password: z.string().min(1).max(256) })

const BackupCodes = z.object({
  backupCodes: z.array(z.string()).describe('Each works once. Shown this once.'),
})

/** One's own second factor: an authenticator app (RFC 6238), and codes on paper for when it is lost. */
export const secondFactorRoutes = [
  route({
    id: 'setUpSecondFactor',
    method: 'post',
    path: '/api/second-factor',
    tag: 'Session',
    summary: 'Begins to set up a second factor: the secret for the app, and backup codes.',
    description: 'It is asked for from the moment that a first code was confirmed.',
    permission: 'person',
    body: withPassword,
    answer: {
      status: 200,
      schema: BackupCodes.extend({ uri: z.string().describe('`otpauth:` address, for a QR code.') }),
    },
    refuses: ['sign-in-failed', 'state-conflict', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-confirm', 5)
      const headers = headersOf(from)
      const found = await from.accounts.api.getSession({ headers })
      if (found?.user.twoFactorEnabled)
        throw problem('state-conflict', { detail: 'There is a second factor. Switch it off first.' })
      const begun = await tried(from.accounts.api.enableTwoFactor({ body, headers }))
      if (begun.method !== 'totp') throw problem('internal', { note: 'another second factor was begun' })
      return { body: { uri: begun.totpURI, backupCodes: begun.backupCodes } }
    },
  }),
  route({
    id: 'confirmSecondFactor',
    method: 'post',
    path: '/api/second-factor/confirm',
    tag: 'Session',
    summary: 'Ends the setting up with a first code of the app.',
    permission: 'person',
    body: z.strictObject({
      code: z
        .string()
        .trim()
        .regex(/^\d{6}$/, 'six digits'),
    }),
    answer: { status: 204 },
    refuses: ['sign-in-failed', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-second-factor', 10)
      const { headers } = await tried(
        from.accounts.api.verifyTOTP({ body, headers: headersOf(from), returnHeaders: true }),
      )
      await begin(registry, from, headers)
      return { cookies: headers.getSetCookie() }
    },
  }),
  route({
    id: 'renewBackupCodes',
    method: 'post',
    path: '/api/second-factor/backup-codes',
    tag: 'Session',
    summary: 'Makes new backup codes; the old ones end.',
    permission: 'person',
    body: withPassword,
    answer: { status: 200, schema: BackupCodes },
    refuses: ['sign-in-failed', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-confirm', 5)
      const made = await tried(from.accounts.api.generateBackupCodes({ body, headers: headersOf(from) }))
      return { body: { backupCodes: made.backupCodes } }
    },
  }),
  route({
    id: 'dropSecondFactor',
    method: 'post',
    path: '/api/second-factor/end',
    tag: 'Session',
    summary: 'Switches the second factor off. Who works for the platform must set up another to go on.',
    permission: 'person',
    isDangerous: true,
    body: withPassword,
    answer: { status: 204 },
    refuses: ['sign-in-failed', 'rate-limited'],
    async handle({ registry, caller, from, body }) {
      await countTry(registry, `person ${caller.id}`, 'console-confirm', 5)
      const { headers } = await tried(
        from.accounts.api.disableTwoFactor({ body, headers: headersOf(from), returnHeaders: true }),
      )
      await begin(registry, from, headers)
      return { cookies: headers.getSetCookie() }
    },
  }),
]
