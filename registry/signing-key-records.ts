import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { seal } from './base/seal.ts'
import { commit, newEtag } from './commit.ts'
import { kinds } from './kinds.ts'
import type { SigningAlgorithm, SigningKey } from './model.ts'
import { insertion, kept, type Steps } from './records.ts'
import { type Actor, allIds, findMany, type Registry, type Stored } from './store.ts'

interface Wanted {
  readonly algorithm: SigningAlgorithm
  /** ms since the epoch; in the future, so that those who verify have it before they need it */
  readonly signsFrom: number
}

/** A signing key as it may be shown: its public part. */
export type ShownSigningKey = Omit<SigningKey, 'sealedPrivateJwk'>

export function shownSigningKey({ sealedPrivateJwk: _, ...shown }: SigningKey): ShownSigningKey {
  return shown
}

/**
 * Makes a key with which the authorization server signs from a moment on. Its private part is kept sealed. See
 * `signing-key-life.ts` for what makes it in the course of things.
 *
 * @throws Problem store-unavailable. @throws Error when no seal key is configured
 */
export async function createSigningKey(
  r: Registry,
  actor: Actor,
  wanted: Wanted,
): Promise<Stored<SigningKey>> {
  const key = await makeSigningKey(r, wanted)
  const { stored, ...steps } = insertionOfKey(r, key)
  await commit(r, actor, {
    ...steps,
    write: [...steps.write, ['set', r.keys.signingKeysVersion(), newEtag()]],
    events: [{ kind: 'signing-keys' }],
  })
  return stored
}

/** A new key, not kept yet. Its `kid` is its thumbprint (RFC 7638). @throws Error when no seal key is configured */
export async function makeSigningKey(r: Registry, { algorithm, signsFrom }: Wanted): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const record = kept(r, kinds.signingKey)
  const privateJwk = JSON.stringify(await exportJWK(privateKey))
  return {
    ...record,
    algorithm,
    signsFrom,
    publicJwk: { ...jwk, kty: jwk.kty!, kid, alg: algorithm, use: 'sig' },
    sealedPrivateJwk: seal(r.secrets.sealKeys, privateJwk, r.keys.record('signing-key', record.id)),
  }
}

export function insertionOfKey(
  r: Registry,
  key: SigningKey,
  action = 'create',
): Steps & { stored: Stored<SigningKey> } {
  return insertion(r, kinds.signingKey, key, action)
}

/** All of them, in the order in which they sign. @throws Problem store-unavailable */
export async function listSigningKeys(r: Registry): Promise<SigningKey[]> {
  const found = await findMany(r, kinds.signingKey, await allIds(r, kinds.signingKey))
  return found.flatMap((stored) => (stored ? [stored.value] : [])).sort((a, b) => a.signsFrom - b.signsFrom)
}
