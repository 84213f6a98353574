import { randomBytes } from 'node:crypto'
import { guarded } from '../redis.ts'
import type { Registry } from '../store.ts'

/** A short name for an application that people gave a title only, unlike those of the partner's others. */
export async function freeName(r: Registry, partnerId: string, title: string): Promise<string> {
  const name = nameFrom(title)
  const isTaken = (await guarded(r.redis.hexists(r.keys.names('application', partnerId), name))) === 1
  return isTaken ? `${name}-${randomBytes(3).toString('hex')}` : name
}

/** `Köhler & Söhne` as `kohler-sohne`; what has no letter of ours is an `application`. */
export function nameFrom(title: string): string {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const name = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replace(/^-+|-+$/g, '')
  return name || 'application'
}
