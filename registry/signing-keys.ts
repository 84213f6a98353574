import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { problem } from './base/problem.ts'
import { seal, unseal } from './base/seal.ts'
import { commit } from './commit.ts'
import { kinds } from './kinds.ts'
import type { SigningAlgorithm, SigningKey } from './model.ts'
import { insertion, kept } from './records.ts'
import { type Actor, allIds, findMany, type Registry, type Stored } from './store.ts'

/**
 * Makes a key with which the authorization server signs from a moment on. Its private part is kept sealed.
 *
 * @param signsFrom ms since the epoch; in the future, so that those who verify have it before they need it
 * @throws Problem store-unavailable. @throws Error when no seal key is configured
 */
export async function createSigningKey(
  r: Registry,
  actor: Actor,
  { algorithm, signsFrom }: { algorithm: SigningAlgorithm; signsFrom: number },
): Promise<Stored<SigningKey>> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  const record = kept(r, kinds.signingKey)
  const privateJwk = JSON.stringify(await exportJWK(privateKey))
  const key: SigningKey = {
    ...record,
    algorithm,
    signsFrom,
    publicJwk: { ...jwk, kty: jwk.kty!, kid, alg: algorithm, use: 'sig' },
    sealedPrivateJwk: seal(r.secrets.sealKeys, privateJwk, r.keys.record('signing-key', record.id)),
  }
  const { stored, audit, ...steps } = insertion(r, kinds.signingKey, key)
  const { sealedPrivateJwk: _, ...shown } = key
  await commit(r, actor, {
    ...steps,
    audit: audit.map((entry) => ({ ...entry, after: shown })),
    events: [{ kind: 'signing-keys' }],
  })
  return stored
}

/** All of them, in the order in which they sign. @throws Problem store-unavailable */
export async function listSigningKeys(r: Registry): Promise<SigningKey[]> {
  const found = await findMany(r, kinds.signingKey, await allIds(r, kinds.signingKey))
  return found.flatMap((stored) => (stored ? [stored.value] : [])).sort((a, b) => a.signsFrom - b.signsFrom)
}

/** The keys as one process holds them. */
export interface Signer {
  /** A JWT, signed with the key whose time it is. @throws Problem not-ready when there is none */
  sign(claims: Readonly<Record<string, unknown>>, header: { readonly typ: string }): Promise<string>
  /** Public keys for those who verify: of the past, the present and the next. */
  jwks(): Promise<{ keys: JWK[] }>
  /** Asks for them anew with the next use. */
  forget(): void
}

/** A key is asked for again after so long, should an event have been missed. */
const maxAgeMs = 30_000

export function createSigner(r: Registry): Signer {
  let loading: Promise<SigningKey[]> | undefined
  let loadedAt = 0
  const privateKeys = new Map<string, Promise<CryptoKey>>()

  function load(): Promise<SigningKey[]> {
    if (loading && r.now() - loadedAt < maxAgeMs) return loading
    loadedAt = r.now()
    const question = listSigningKeys(r)
    loading = question
    question.catch(() => {
      if (loading === question) loading = undefined
    })
    return question
  }

  function privateKeyOf(key: SigningKey): Promise<CryptoKey> {
    const known = privateKeys.get(key.id)
    if (known) return known
    const json = unseal(r.secrets.sealKeys, key.sealedPrivateJwk, r.keys.record('signing-key', key.id))
    const imported = importJWK(JSON.parse(json) as JWK, key.algorithm) as Promise<CryptoKey>
    privateKeys.set(key.id, imported)
    return imported
  }

  return {
    async sign(claims, header) {
      const key = (await load()).findLast(({ signsFrom }) => signsFrom <= r.now())
      if (!key) throw problem('not-ready', { detail: 'There is no signing key yet.' })
      return new SignJWT({ ...claims })
        .setProtectedHeader({ ...header, alg: key.algorithm, kid: key.publicJwk.kid })
        .sign(await privateKeyOf(key))
    },
    jwks: async () => ({ keys: (await load()).map(({ publicJwk }) => publicJwk as JWK) }),
    forget() {
      loading = undefined
    },
  }
}
