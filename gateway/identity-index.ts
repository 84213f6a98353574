import type { Identity } from '../policies/policy.ts'
import type { RegistryEvent } from '../registry/model.ts'

/**
 * Which cached identities an event concerns, found without looking at all of them: 100,000 took a thread up to 85 ms, and
 * meanwhile no call went on. Touched only when an identity comes into the cache or leaves it.
 *
 * What was presented hangs on its credential, that on its application, that on its partner: each identity stands in the
 * index once, and once more for its token, for its family and for each token that it was exchanged for, where it has them.
 */
export interface IdentityIndex {
  /** Adding what is there changes nothing. @param hash of a token, as its revocation names it; '' of a key */
  add(presented: string, identity: Identity, hash: string): void
  remove(presented: string, identity: Identity, hash: string): void
  /** What was presented by those that the event concerns. */
  concernedBy(event: RegistryEvent): string[]
  clear(): void
  /** Of all that it keeps; 0 when nothing is cached. */
  readonly size: number
}

export function createIdentityIndex(): IdentityIndex {
  const byHash = new Map<string, string>()
  const ofFamily: Many = new Map()
  const exchangedFor: Many = new Map() // of the hash of a token
  const ofCredential: Many = new Map()
  const credentialsOf: Many = new Map() // of an application
  const applicationsOf: Many = new Map() // of a partner
  const maps = [byHash, ofFamily, exchangedFor, ofCredential, credentialsOf, applicationsOf]

  function ofIdentity(event: Extract<RegistryEvent, { kind: 'identity' }>): string[] {
    const { partnerId, applicationId, credentialId } = event
    const applications = [...membersOf(applicationsOf, partnerId), ...given(applicationId)]
    const credentials = applications.flatMap((id) => membersOf(credentialsOf, id))
    return [...credentials, ...given(credentialId)].flatMap((id) => membersOf(ofCredential, id))
  }

  return {
    add(presented, identity, hash) {
      const { credentialId, applicationId, partnerId, grant } = identity
      addTo(ofCredential, credentialId, presented)
      addTo(credentialsOf, applicationId, credentialId)
      addTo(applicationsOf, partnerId, applicationId)
      if (grant?.familyId) addTo(ofFamily, grant.familyId, presented)
      for (const one of grant?.exchangedFor ?? []) addTo(exchangedFor, one, presented)
      if (hash !== '') byHash.set(hash, presented)
    },
    remove(presented, identity, hash) {
      const { credentialId, applicationId, partnerId, grant } = identity
      if (hash !== '') byHash.delete(hash)
      if (grant?.familyId) takeFrom(ofFamily, grant.familyId, presented)
      for (const one of grant?.exchangedFor ?? []) takeFrom(exchangedFor, one, presented)
      if (
        takeFrom(ofCredential, credentialId, presented) &&
        takeFrom(credentialsOf, applicationId, credentialId)
      )
        takeFrom(applicationsOf, partnerId, applicationId)
    },
    concernedBy(event) {
      if (event.kind === 'token')
        return [...given(byHash.get(event.hash)), ...membersOf(exchangedFor, event.hash)]
      if (event.kind === 'family') return membersOf(ofFamily, event.familyId)
      return event.kind === 'identity' ? ofIdentity(event) : []
    },
    clear() {
      for (const map of maps) map.clear()
    },
    get size() {
      return maps.reduce((sum, map) => sum + map.size, 0)
    },
  }
}

/** Several members under a key. Most have one: it is kept without a set, which would take more memory than all the rest. */
type Many = Map<string, string | Set<string>>

function addTo(many: Many, key: string, member: string): void {
  const there = many.get(key)
  if (there === undefined) many.set(key, member)
  else if (typeof there !== 'string') there.add(member)
  else if (there !== member) many.set(key, new Set([there, member]))
}

/** @returns whether nothing is left under the key */
function takeFrom(many: Many, key: string, member: string): boolean {
  const there = many.get(key)
  if (there === undefined) return true
  if (typeof there === 'string' ? there !== member : !there.delete(member) || there.size > 0) return false
  many.delete(key)
  return true
}

function membersOf(many: Many, key: string | undefined): string[] {
  const there = key === undefined ? undefined : many.get(key)
  return there === undefined ? [] : typeof there === 'string' ? [there] : [...there]
}

const given = (one: string | undefined) => (one === undefined ? [] : [one])
