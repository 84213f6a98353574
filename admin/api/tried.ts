import { APIError } from 'better-auth/api'
import { problem } from '../../registry/base/problem.ts'

/** What better-auth refuses, in our words. Which part of a sign-in was wrong is nobody's business. */
export async function tried<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof APIError)) throw error
    const status = error.statusCode
    const code = String(error.body?.code ?? '')
    if (status === 429 || code.includes('TOO_MANY') || code.includes('LOCKED'))
      throw problem('rate-limited', {
        detail: 'Too many wrong codes. Sign in from the beginning in a quarter of an hour.',
        retryAfterSeconds: 900,
      })
    if (code.startsWith('PASSWORD_TOO'))
      throw problem('password-weak', { detail: 'Take 12 characters or more.' })
    throw problem('sign-in-failed', {
      detail: messages[code] ?? 'What was sent is not right, or too old.',
      cause: error,
    })
  }
}

const messages: Record<string, string> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is not right.',
  INVALID_PASSWORD: 'The password is not right.',
  INVALID_CODE: 'The code is not right.',
  INVALID_BACKUP_CODE: 'The code is not right.',
  INVALID_TWO_FACTOR_COOKIE: 'This sign-in took too long. Begin again.',
}
