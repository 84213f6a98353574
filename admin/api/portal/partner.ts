import type { Partner } from '../../../registry/model.ts'
import { getPartner } from '../../../registry/partners.ts'
import type { Registry } from '../../../registry/store.ts'

/** The partner that an address names, by id or name. That the caller belongs to it is seen to before any handler runs. */
export async function partnerOf(registry: Registry, idOrName: string): Promise<Partner> {
  return (await getPartner(registry, idOrName)).value
}
