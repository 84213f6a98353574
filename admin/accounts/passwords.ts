import { problem } from '../../registry/base/problem.ts'
import type { Accounts } from './auth.ts'
import { longestPassword, shortestPassword, weaknessOf } from './password.ts'

/** @throws Problem password-weak */
export function requireStrong(password: string, about: readonly string[]): void {
  const weakness = weaknessOf(password, about)
  if (weakness === undefined) return
  const details = {
    'too-short': `Take ${shortestPassword} characters or more.`,
    'too-long': `Take ${longestPassword} characters or fewer.`,
    common:
      'It is among those that are tried first. Several words that have nothing to do with each other are good.',
  }
  throw problem('password-weak', {
    detail: details[weakness],
    errors: [{ pointer: '/password', detail: details[weakness] }],
  })
}

/** Makes what a person signs in with. @returns their id */
export async function createAccount(
  accounts: Accounts,
  given: { email: string; name: string; password: string },
): Promise<string> {
  const context = await accounts.$context
  const known = await context.internalAdapter.findUserByEmail(given.email)
  const user =
    known?.user ??
    (await context.internalAdapter.createUser(
      { email: given.email, name: given.name, emailVerified: true },
      { method: 'admin' },
    ))
  await setPassword(accounts, user.id, given.password)
  return user.id
}

/** Sets a password in place of any other, and ends all sessions: whoever had the old one is out. */
export async function setPassword(accounts: Accounts, personId: string, password: string): Promise<void> {
  const { internalAdapter, password: hasher } = await accounts.$context
  const hash = await hasher.hash(password)
  const all = await internalAdapter.findAccounts(personId)
  if (all.some(({ providerId }) => providerId === 'credential'))
    await internalAdapter.updatePassword(personId, hash)
  else
    await internalAdapter.linkAccount({
      userId: personId,
      providerId: 'credential',
      accountId: personId,
      password: hash,
    })
  await internalAdapter.deleteUserSessions(personId)
}

/** Without it the next sign-in asks for none, and the platform to set up another. */
export async function dropSecondFactor(accounts: Accounts, personId: string): Promise<void> {
  const { adapter, internalAdapter } = await accounts.$context
  await adapter.deleteMany({ model: 'twoFactor', where: [{ field: 'userId', value: personId }] })
  await internalAdapter.updateUser(personId, { twoFactorEnabled: false })
}
