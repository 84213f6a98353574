import type { CredentialView } from './look-up.ts'
import { fields, secretNote, time } from './output.ts'

export interface NewCredential {
  readonly credential: CredentialView
  /** `null`: it has none. */
  readonly secret: string | null
}

/** A new or rotated credential with its secret, for people. */
export function shown({ credential, secret }: NewCredential, head = describe(credential)): string {
  if (secret === null)
    return `${head}\n\nclient id      ${credential.id}\nIt has no secret: it proves itself otherwise, or not at all.`
  const name = credential.kind === 'api-key' ? 'API key' : `client id      ${credential.id}\nclient secret`
  return `${head}\n\n${secretNote(name, secret)}`
}

export const describe = (c: CredentialView) => fields(headOf(c))

/** What every credential has; one without secrets says nothing of them. */
export const headOf = (c: CredentialView) => ({
  id: c.id,
  kind: c.kind,
  environment: c.environment,
  state: stateOf(c),
  ...(c.secrets.length > 0 && { secrets: hints(c) }),
})

export const hints = (c: CredentialView) =>
  c.secrets.map((s) => s.hint + (s.expiresAt === null ? '' : ` until ${time(s.expiresAt)}`)).join(', ')

export function stateOf({ revokedAt, expiresAt }: CredentialView): string {
  if (revokedAt !== null) return `revoked ${time(revokedAt)}`
  return expiresAt === null ? 'live' : `until ${time(expiresAt)}`
}
