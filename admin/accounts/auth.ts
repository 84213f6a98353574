import { hkdfSync } from 'node:crypto'
import { betterAuth } from 'better-auth'
import { twoFactor } from 'better-auth/plugins'
import type { Config } from '../../registry/base/config.ts'
import { newId } from '../../registry/base/ids.ts'
import type { Log } from '../../registry/base/log.ts'
import type { Registry } from '../../registry/store.ts'
import { redisAdapter } from './adapter.ts'
import { consoleOrigin } from './origin.ts'
import { hashPassword, longestPassword, shortestPassword, verifyPassword } from './password.ts'

/**
 * How people prove themselves, by better-auth: passwords, second factors, sessions. None of its addresses is open: the rows
 * of the admin API call it, so that whatever people can do here is in that API's document, is limited, and says so in its
 * words.
 */
export type Accounts = ReturnType<typeof openAccounts>

export function openAccounts(r: Registry, config: Config, log: Log) {
  const origin = consoleOrigin(config, `localhost:${config.ADMIN_PORT}`)
  return betterAuth({
    appName: 'Payments gateway',
    baseURL: origin,
    basePath: '/api/auth',
    secret: Buffer.from(hkdfSync('sha256', r.secrets.hashKey, '', 'accounts', 32)).toString('base64'),
    database: redisAdapter(r),
    telemetry: { enabled: false },
    trustedOrigins: [origin],
    logger: {
      log: (level, message) =>
        log[level === 'error' ? 'error' : level === 'warn' ? 'warn' : 'debug'](
          { accounts: message },
          'accounts',
        ),
    },
    rateLimit: { enabled: false }, // ours count in Redis, for all processes, by the address that we trust
    emailAndPassword: {
      enabled: true,
      disableSignUp: true, // by invitation only
      minPasswordLength: shortestPassword,
      maxPasswordLength: longestPassword,
      password: { hash: hashPassword, verify: verifyPassword },
      revokeSessionsOnPasswordReset: true,
    },
    verification: { storeIdentifier: 'hashed' },
    // How long a session lasts depends on who has it, and is decided where it is read.
    session: { expiresIn: 7 * 24 * 3_600, disableSessionRefresh: true, cookieCache: { enabled: false } },
    advanced: {
      useSecureCookies: origin.startsWith('https:'),
      cookiePrefix: 'console',
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      database: { generateId: ({ model }) => newId(model === 'user' ? 'person' : model.toLowerCase()) },
    },
    plugins: [
      twoFactor({ issuer: 'Payments gateway', backupCodeOptions: { storeBackupCodes: 'encrypted' } }),
    ],
  })
}
