import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Keys that seal secrets at rest. The first one seals; all of them open. */
export type Keyring = readonly SealKey[]
export interface SealKey {
  readonly id: string
  readonly key: Uint8Array // 32 bytes
}

/**
 * Seals a text with AES-256-GCM into `v1.<key id>.<iv>.<ciphertext>.<tag>` (base64url parts).
 * @param context bound as associated data (the Redis key of the record): a blob moved to another record does not open
 */
export function seal(keyring: Keyring, plaintext: string, context: string): string {
  const [key] = keyring
  if (!key) throw new Error('no seal key is configured (SECRETS_SEAL_KEYS)')
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.key, iv).setAAD(Buffer.from(context))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return ['v1', key.id, text(iv), text(ciphertext), text(cipher.getAuthTag())].join('.')
}

/** Opens what `seal` made. @throws Error when the key is unknown, or the blob or its context was changed */
export function unseal(keyring: Keyring, sealed: string, context: string): string {
  const [version, keyId, iv, ciphertext, tag] = sealed.split('.')
  const key = keyring.find((k) => k.id === keyId)
  if (version !== 'v1' || !iv || ciphertext === undefined || !tag) throw new Error('not a sealed secret')
  if (!key) throw new Error(`the secret was sealed with key "${keyId}", which is not in SECRETS_SEAL_KEYS`)
  const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(iv, 'base64url'), {
    authTagLength: 16,
  })
  decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(tag, 'base64url'))
  return decipher.update(ciphertext, 'base64url', 'utf8') + decipher.final('utf8')
}

/** Whether a blob was sealed with another key than the one that seals now, so that re-wrapping has work to do. */
export function needsRewrap(keyring: Keyring, sealed: string): boolean {
  return sealed.split('.')[1] !== keyring[0]?.id
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
