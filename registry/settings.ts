import type { z } from 'zod'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import { type Settings, SettingsInput } from './model.ts'
import { insertion, replacement } from './records.ts'
import { type Actor, find, parseInput, type Registry, type Stored } from './store.ts'

const id = 'gateway'
const unset: Stored<Settings> = { etag: 'unset', value: { id, createdAt: 0, updatedAt: 0, policies: {} } }

/** Defaults of the whole gateway, as a draft; empty while nobody has set any. @throws Problem store-unavailable */
export async function getSettings(r: Registry): Promise<Stored<Settings>> {
  return (await find(r, kinds.settings, id)) ?? unset
}

/** Replaces the defaults. @throws Problem precondition-failed, input-invalid, store-unavailable */
export async function putSettings(
  r: Registry,
  actor: Actor,
  input: z.input<typeof SettingsInput>,
  ifMatch?: string,
): Promise<Stored<Settings>> {
  const fields = parseInput(SettingsInput, input)
  return retried(async () => {
    const before = await getSettings(r)
    requireMatch(ifMatch, before.etag)
    const now = r.now()
    const { stored, ...steps } =
      before === unset
        ? insertion(r, kinds.settings, { id, createdAt: now, updatedAt: now, ...fields })
        : replacement(r, kinds.settings, before, { ...before.value, ...fields })
    const expect = steps.expect.map((e) => ({ ...e, otherwise: 'precondition-failed' as const }))
    await commit(r, actor, { ...steps, expect })
    return stored
  })
}
