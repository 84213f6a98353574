import { lastUsed } from '../../registry/credentials.ts'
import type { Credential } from '../../registry/model.ts'
import type { Registry, Stored } from '../../registry/store.ts'

/** The view of a record without hashes, with the times of last use looked up together. */
export async function viewer(registry: Registry, items: readonly Stored<Credential>[]) {
  const ids = items.flatMap(({ value }) => [value.id, ...value.secrets.map(({ id }) => id)])
  const used = await lastUsed(registry, ids)
  return ({ secrets, registration: _, ...rest }: Credential) => ({
    ...rest,
    secrets: secrets.map(({ hash, ...shown }) => ({ ...shown, lastUsedAt: used.get(shown.id) ?? null })),
    lastUsedAt: used.get(rest.id) ?? null,
  })
}

/** The same with the secret in clear: once. */
export async function withSecret(registry: Registry, stored: Stored<Credential>, secret: string) {
  const view = await viewer(registry, [stored])
  return { body: { credential: view(stored.value), secret: secret || null }, etag: stored.etag }
}
