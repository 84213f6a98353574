import { needsRewrap, seal, unseal } from './base/seal.ts'
import { commit, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type SealedUpstream, Snapshot, type UpstreamInput } from './model.ts'
import { replacement } from './records.ts'
import { guarded } from './redis.ts'
import { type Actor, allIds, find, parseStored, type Registry } from './store.ts'

type Context = Pick<Registry, 'keys' | 'secrets'>

/**
 * What is kept of the credential in an upstream’s input; `undefined` in the input keeps what there was.
 *
 * @param id the upstream’s: the blob opens only for it
 * @throws Error when no seal key is configured
 */
export function sealCredential(
  r: Context,
  id: string,
  given: UpstreamInput['credential'],
  before: Pick<SealedUpstream, 'credential' | 'sealedCredential'> | undefined,
): Pick<SealedUpstream, 'credential' | 'sealedCredential'> {
  if (given === undefined)
    return { credential: before?.credential ?? null, sealedCredential: before?.sealedCredential ?? null }
  if (given === null) return { credential: null, sealedCredential: null }
  return {
    credential: { header: given.header, hint: hintOfValue(given.value) },
    sealedCredential: seal(r.secrets.sealKeys, given.value, r.keys.record('upstream', id)),
  }
}

/**
 * The header that the gateway presents to a payment service.
 *
 * @returns undefined when the upstream has none
 * @throws Error when the seal key is not there, or the blob was changed or belongs to another upstream
 */
export function openCredential(
  r: Context,
  upstream: SealedUpstream,
): { header: string; value: string } | undefined {
  const { credential, sealedCredential } = upstream
  if (!credential || !sealedCredential) return undefined
  const value = unseal(r.secrets.sealKeys, sealedCredential, r.keys.record('upstream', upstream.id))
  return { header: credential.header, value }
}

/**
 * Seals everything anew that was sealed with another key than the first: records, and the copies in snapshots (the
 * one thing that ever changes in them). An old key may be taken out of the settings when this has run and every
 * gateway was restarted, since gateways hold the snapshot they have loaded.
 *
 * @throws Error when a key that is still needed is missing; what was done before it stays done
 * @throws Problem store-unavailable
 */
export async function rewrapSecrets(
  r: Registry,
  actor: Actor,
): Promise<{ examined: number; rewrapped: number }> {
  const counts = { examined: 0, rewrapped: 0 }
  const rewrapped = (upstream: SealedUpstream): SealedUpstream => {
    if (upstream.sealedCredential === null) return upstream
    counts.examined++
    if (!needsRewrap(r.secrets.sealKeys, upstream.sealedCredential)) return upstream
    counts.rewrapped++
    const sealedCredential = resealed(r, upstream.sealedCredential, r.keys.record('upstream', upstream.id))
    return { ...upstream, sealedCredential }
  }
  for (const id of await allIds(r, kinds.upstream)) {
    await retried(async () => {
      const before = await find(r, kinds.upstream, id)
      if (!before) return
      const after = rewrapped(before.value)
      if (after === before.value) return
      const { stored: _, ...steps } = replacement(r, kinds.upstream, before, after, 'rewrap')
      await commit(r, actor, steps)
    })
  }
  for (const id of await allIds(r, kinds.signingKey)) {
    await retried(async () => {
      const before = await find(r, kinds.signingKey, id)
      if (!before) return
      const { sealedPrivateJwk } = before.value
      counts.examined++
      if (!needsRewrap(r.secrets.sealKeys, sealedPrivateJwk)) return
      const after = {
        ...before.value,
        sealedPrivateJwk: resealed(r, sealedPrivateJwk, r.keys.record('signing-key', id)),
      }
      const { stored: _, ...steps } = replacement(r, kinds.signingKey, before, after, 'rewrap')
      await commit(r, actor, { ...steps, events: [{ kind: 'signing-keys' }] })
      counts.rewrapped++
    })
  }
  for (const id of await allIds(r, kinds.issuer)) {
    await retried(async () => {
      const before = await find(r, kinds.issuer, id)
      const blob = before?.value.sealedClientSecret
      if (!before || !blob) return
      counts.examined++
      if (!needsRewrap(r.secrets.sealKeys, blob)) return
      const sealedClientSecret = resealed(r, blob, r.keys.record('issuer', id))
      const after = { ...before.value, sealedClientSecret }
      const { stored: _, ...steps } = replacement(r, kinds.issuer, before, after, 'rewrap')
      await commit(r, actor, { ...steps, events: [{ kind: 'issuers' }] })
      counts.rewrapped++
    })
  }
  const last = Number((await guarded(r.redis.get(r.keys.lastSnapshot()))) ?? 0)
  for (let number = 1; number <= last; number++) {
    const key = r.keys.snapshot(number)
    const json = await guarded(r.redis.get(key))
    if (json === null) continue
    const snapshot = parseStored(Snapshot, json, 'snapshot')
    const upstreams = snapshot.upstreams.map(rewrapped)
    if (upstreams.every((upstream, i) => upstream === snapshot.upstreams[i])) continue
    await commit(r, actor, {
      expect: [{ check: ['equals', key, json], otherwise: 'precondition-failed' }],
      write: [['set', key, JSON.stringify({ ...snapshot, upstreams })]],
      audit: [{ action: 'rewrap', noun: 'snapshot', subject: String(number), before: null, after: null }],
    })
  }
  return counts
}

const resealed = (r: Context, blob: string, context: string) =>
  seal(r.secrets.sealKeys, unseal(r.secrets.sealKeys, blob, context), context)

/** Enough to tell two values apart; nothing at all of a short one. */
function hintOfValue(value: string): string {
  return value.length < 16 ? '…' : `…${value.slice(-2)}`
}
