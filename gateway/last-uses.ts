import { type ServedIdentity, untold } from './served-identity.ts'

/** When credentials and their secrets were last used, until that is told to the registry. */
export interface LastUses {
  called(identity: ServedIdentity, at: number): void
  /** A client secret, which is shown at the token endpoint and not with calls. */
  shown(secretId: string, at: number): void
  readonly size: number
  /** All since the last time, by the id of the credential or secret, in ms since the epoch. */
  take(): Map<string, number>
}

export function createLastUses(): LastUses {
  let callers: ServedIdentity[] = []
  let secrets = new Map<string, number>()
  return {
    called(identity, at) {
      if (identity.calledAt === untold) callers.push(identity)
      identity.calledAt = at
    },
    shown: (secretId, at) => void secrets.set(secretId, at),
    get size() {
      return callers.length + secrets.size
    },
    take() {
      const times = secrets
      for (const caller of callers) {
        const { credentialId, secretId, calledAt: at } = caller
        caller.calledAt = untold
        // A caller that was asked for anew meanwhile is there twice: the later call counts.
        times.set(credentialId, Math.max(at, times.get(credentialId) ?? 0))
        if (secretId !== null) times.set(secretId, Math.max(at, times.get(secretId) ?? 0))
      }
      callers = []
      secrets = new Map()
      return times
    },
  }
}
