import { problem } from './base/problem.ts'
import { commit, requireMatch, retried, type Write } from './commit.ts'
import { kinds } from './kinds.ts'
import type { Credential } from './model.ts'
import { replacement } from './records.ts'
import { type Actor, get, type Registry, type Stored } from './store.ts'

/**
 * Changes when one secret of a credential ends: sooner, so that an older one goes as soon as nobody uses it; or later,
 * for a partner that needs longer to change over. Heard by all gateways at once. A moment that has come ends it now.
 *
 * @param expiresAt ms since the epoch; `null`: it does not end by itself
 * @throws Problem `state-conflict` for the credential's only secret and an end that has come: that is a revocation
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function setSecretEnd(
  r: Registry,
  actor: Actor,
  id: string,
  secretId: string,
  expiresAt: number | null,
  ifMatch?: string,
): Promise<Stored<Credential>> {
  return retried(async () => {
    const before = await get(r, kinds.credential, id)
    requireMatch(ifMatch, before.etag)
    const { value } = before
    const now = r.now()
    const live = value.secrets.filter((secret) => secret.expiresAt === null || secret.expiresAt > now)
    if (!live.some((secret) => secret.id === secretId))
      throw problem('not-found', { detail: `It has no live secret "${secretId}".` })
    const isOver = expiresAt !== null && expiresAt <= now
    if (isOver && live.length === 1)
      throw problem('state-conflict', {
        detail: 'It is the only secret left: revoke the credential instead.',
      })
    const secrets = live
      .map((secret) => (secret.id === secretId ? { ...secret, expiresAt } : secret))
      .filter((secret) => !isOver || secret.id !== secretId)
    const { stored, ...steps } = replacement(r, kinds.credential, before, { ...value, secrets })
    await commit(r, actor, {
      ...steps,
      write: [...steps.write, ...forgetUses(r, value, stored.value)],
      events: [{ kind: 'identity', credentialId: id }],
    })
    return stored
  })
}

/** When secrets that are gone were last used is not kept. */
export function forgetUses(r: Registry, before: Credential, after?: Credential): Write[] {
  const kept = new Set(after?.secrets.map(({ id }) => id))
  const gone = before.secrets.filter(({ id }) => !kept.has(id))
  return gone.map(({ id }) => ['unfield', r.keys.lastUsed(), id])
}
