import { compactVerify, createLocalJWKSet, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import { problem } from './base/problem.ts'
import { unseal } from './base/seal.ts'
import type { SigningKey } from './model.ts'
import { listSigningKeys } from './signing-key-records.ts'
import type { Registry } from './store.ts'

export * from './signing-key-records.ts'

/** The keys as one process holds them. */
export interface Signer {
  /** A JWT, signed with the key whose time it is. @throws Problem not-ready when there is none */
  sign(claims: Readonly<Record<string, unknown>>, header: { readonly typ: string }): Promise<string>
  /**
   * Whether we have signed this: one of the published keys fits its `kid` and `alg`, and its `typ` is as asked. Says
   * nothing of its claims, time included.
   *
   * @returns its claims; undefined when it is not ours. @throws Problem store-unavailable
   */
  verify(jwt: string, expected: { readonly typ: string }): Promise<JWTPayload | undefined>
  /** Public keys for those who verify: of the past, the present and the next. */
  jwks(): Promise<{ keys: JWK[] }>
  /** Asks for them anew with the next use; those known before serve as long as the store does not answer. */
  forget(): void
}

/** A key is asked for again after so long, should an event have been missed. */
const maxAgeMs = 30_000

interface Loaded {
  readonly keys: readonly SigningKey[]
  readonly algorithms: string[]
  readonly find: ReturnType<typeof createLocalJWKSet>
}

/** @param list asks for all keys; absent: of the store, as often as it is asked */
export function createSigner(r: Registry, list = () => listSigningKeys(r)): Signer {
  let loading: Promise<Loaded> | undefined
  let loadedAt = 0
  let known: Loaded | undefined // what was loaded last
  const privateKeys = new Map<string, Promise<CryptoKey>>()

  function load(): Promise<Loaded> {
    if (loading && r.now() - loadedAt < maxAgeMs) return loading
    loadedAt = r.now()
    const question = list().then(prepared)
    loading = question
    question.then(
      (loaded) => {
        if (loading !== question) return
        known = loaded
        for (const id of privateKeys.keys())
          if (!loaded.keys.some((key) => key.id === id)) privateKeys.delete(id)
      },
      () => {
        if (loading === question) loading = undefined
      },
    )
    return question
  }

  const loadOrKnown = () =>
    load().catch((error) => {
      if (known) return known
      throw error
    })

  function privateKeyOf(key: SigningKey): Promise<CryptoKey> {
    const imported = privateKeys.get(key.id)
    if (imported) return imported
    const json = unseal(r.secrets.sealKeys, key.sealedPrivateJwk, r.keys.record('signing-key', key.id))
    const importing = importJWK(JSON.parse(json) as JWK, key.algorithm) as Promise<CryptoKey>
    privateKeys.set(key.id, importing)
    return importing
  }

  return {
    async sign(claims, header) {
      const { keys } = await loadOrKnown()
      const key = keys.findLast(({ signsFrom }) => signsFrom <= r.now())
      if (!key) throw problem('not-ready', { detail: 'There is no signing key yet.' })
      return new SignJWT({ ...claims })
        .setProtectedHeader({ ...header, alg: key.algorithm, kid: key.publicJwk.kid })
        .sign(await privateKeyOf(key))
    },
    async verify(jwt, { typ }) {
      const { find, algorithms } = await loadOrKnown()
      try {
        const { payload, protectedHeader } = await compactVerify(jwt, find, { algorithms })
        return protectedHeader.typ === typ ? JSON.parse(new TextDecoder().decode(payload)) : undefined
      } catch {
        return undefined
      }
    },
    jwks: async () => ({ keys: (await loadOrKnown()).keys.map(({ publicJwk }) => publicJwk as JWK) }),
    forget() {
      loading = undefined
    },
  }
}

/** Each JWK names its algorithm, so that a token with another one finds no key (RFC 8725 §3.1). */
function prepared(keys: SigningKey[]): Loaded {
  return {
    keys,
    algorithms: [...new Set(keys.map(({ algorithm }) => algorithm))],
    find: createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk as JWK) }),
  }
}
