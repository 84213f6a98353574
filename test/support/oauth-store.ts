import type { Families } from '../../policies/oauth2/deps.ts'
import type { TokenFamily } from '../../registry/model.ts'
import type { Once } from '../../registry/one-time.ts'

/** One-time things over a map, with the clock of the test. `kept` shows what is there. */
export function memoryOnce(now: () => number) {
  const kept = new Map<string, { json: string; until: number }>()
  const read = (key: string) => {
    const entry = kept.get(key)
    return entry && entry.until > now() ? JSON.parse(entry.json) : undefined
  }
  const write = (key: string, value: unknown, lifetimeMs: number) => {
    kept.set(key, { json: JSON.stringify(value), until: now() + lifetimeMs })
  }
  const keyOf = (purpose: string, presented: string) => `${purpose} ${presented}`
  const once: Once = {
    keep: async (purpose, presented, value, ms) => write(keyOf(purpose, presented), value, ms),
    peek: async (purpose, presented) => read(keyOf(purpose, presented)),
    renew: async (purpose, presented, ms) => {
      const value = read(keyOf(purpose, presented))
      if (value !== undefined) write(keyOf(purpose, presented), value, ms)
      return value
    },
    take: async (purpose, presented) => {
      const value = read(keyOf(purpose, presented))
      kept.delete(keyOf(purpose, presented))
      return value
    },
    spend: async (purpose, presented) => {
      const key = keyOf(purpose, presented)
      const value = read(key)
      if (value !== undefined) kept.set(key, { json: '"spent"', until: kept.get(key)!.until })
      return value
    },
    isFirst: async (purpose, presented, ms) => {
      const key = keyOf(purpose, presented)
      if (read(key) !== undefined) return false
      write(key, 1, ms)
      return true
    },
    keepFirst: async (purpose, presented, value, ms) => {
      const key = keyOf(purpose, presented)
      const known = read(key)
      if (known !== undefined) return { value: known, isOurs: false }
      write(key, value, ms)
      return { value, isOurs: true }
    },
    forget: async (purpose, presented) => void kept.delete(keyOf(purpose, presented)),
  }
  return { once, kept }
}

/** Families over a map, with the clock of the test. */
export function memoryFamilies(now: () => number) {
  const opened = new Map<string, TokenFamily>()
  const withdrawn = new Map<string, number>()
  const families: Families = {
    open: async (given) => {
      const family = { ...given, createdAt: now() }
      opened.set(family.id, family)
      return family
    },
    find: async (id) => {
      const family = opened.get(id)
      return family && family.expiresAt > now() ? family : undefined
    },
    revoke: async (id) => void opened.delete(id),
    withdrawnAt: async (subject, clientId) => withdrawn.get(`${clientId} ${subject}`) ?? 0,
  }
  return { families, opened, withdrawn }
}
