import type { Identity } from '../policies/policy.ts'

/** When credentials and their secrets were last used, until that is told to the registry. */
export interface LastUses {
  /** For every call: one step, whatever is told of it later. */
  called(identity: Identity, at: number): void
  /** A client secret, which is shown at the token endpoint and not with calls. */
  shown(secretId: string, at: number): void
  readonly size: number
  /** All since the last time, by the id of the credential or secret, in ms since the epoch. */
  take(): Map<string, number>
}

export function createLastUses(): LastUses {
  let calls = new Map<Identity, number>()
  let secrets = new Map<string, number>()
  return {
    called: (identity, at) => void calls.set(identity, at),
    shown: (secretId, at) => void secrets.set(secretId, at),
    get size() {
      return calls.size + secrets.size
    },
    take() {
      const times = secrets
      for (const [{ credentialId, secretId }, at] of calls) {
        // A caller that was asked for anew meanwhile is there twice: the later call counts.
        times.set(credentialId, Math.max(at, times.get(credentialId) ?? 0))
        if (secretId !== null) times.set(secretId, Math.max(at, times.get(secretId) ?? 0))
      }
      calls = new Map()
      secrets = new Map()
      return times
    },
  }
}
