import { hashSecret } from './base/secrets.ts'
import type { Registry } from './store.ts'

/** How the audit names a person: always the same, and only who has our key can tell of whom it is. */
export const pseudonymOf = (r: Pick<Registry, 'secrets'>, subject: string): string =>
  `person_${hashSecret(r.secrets.hashKey, `audit person ${subject}`).slice(0, 22)}`
