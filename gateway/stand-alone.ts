import type { PublishedVersion, Snapshot } from '../registry/model.ts'

/**
 * The versions below whose base path, on their hosts, no other has a route. Theirs can be compiled apart, and kept for
 * the next table. At the root nobody stands alone: whatever is published next would have to be put in between.
 */
export function standAlone(snapshot: Snapshot): ReadonlySet<PublishedVersion> {
  const versions = snapshot.apis.flatMap((api) => api.versions)
  const owners = new Map<string, Set<PublishedVersion>>()
  for (const version of versions)
    for (const place of placesOf(version)) owners.set(place, (owners.get(place) ?? new Set()).add(version))
  const alone = new Set(versions.filter(({ routing }) => routing.basePath !== ''))
  const crowded = new Set<string>() // those whose owners were all struck out
  for (const version of versions)
    for (const place of placesOf(version).flatMap(above)) {
      const there = owners.get(place)
      if (!there || (there.size === 1 && there.has(version))) continue
      alone.delete(version)
      if (crowded.has(place)) continue
      crowded.add(place)
      for (const one of there) alone.delete(one)
    }
  return alone
}

/** Host and base path. */
function placesOf({ routing }: PublishedVersion): string[] {
  return (routing.by === 'host' ? routing.hosts : ['']).map((host) => host + routing.basePath)
}

/** The place itself and all that lie above it: `/a/b`, `/a` and the root. */
function above(place: string): string[] {
  const cuts = [...place.matchAll(/\//g)].map(({ index }) => place.slice(0, index))
  return [...cuts, place]
}
