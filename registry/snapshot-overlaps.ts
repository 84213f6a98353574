import type { Finding, PublishedApi, PublishedVersion, Snapshot } from './model.ts'

/** More would hide the rest of a publish's findings. */
const mostShown = 20

/**
 * Warnings where a version that is being published and one of another API share addresses: one base path leads into
 * the other's, on the same host. That is allowed (the more exact path wins, a host of its own before any host), but a
 * team can take calls away from another without meaning to.
 */
export function overlaps(snapshot: Pick<Snapshot, 'apis'>, changed: readonly string[] = []): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const api of snapshot.apis.filter(({ id }) => changed.includes(id)))
    for (const version of api.versions)
      for (const other of snapshot.apis) {
        if (other.id === api.id) continue
        for (const theirs of other.versions) {
          const pair = [version.id, theirs.id].sort().join(' ')
          if (seen.has(pair) || !shareAddresses(version, theirs)) continue
          seen.add(pair)
          findings.push(finding(api, version, other, theirs))
        }
      }
  return findings.slice(0, mostShown)
}

function shareAddresses({ routing: a }: PublishedVersion, { routing: b }: PublishedVersion): boolean {
  return (leadsInto(a.basePath, b.basePath) || leadsInto(b.basePath, a.basePath)) && shareHost(a, b)
}

const leadsInto = (outer: string, inner: string) => inner === outer || inner.startsWith(`${outer}/`)

type Routing = PublishedVersion['routing']

function shareHost(a: Routing, b: Routing): boolean {
  if (a.by !== 'host' || b.by !== 'host') return true
  return a.hosts.some((one) => b.hosts.some((two) => one === two || covers(one, two) || covers(two, one)))
}

/** A wildcard stands for one label: `*.bank.example` takes `pay.bank.example`. */
const covers = (wildcard: string, host: string) =>
  wildcard.startsWith('*.') && host.slice(host.indexOf('.')) === wildcard.slice(1)

function finding(
  api: PublishedApi,
  version: PublishedVersion,
  other: PublishedApi,
  theirs: PublishedVersion,
): Finding {
  const shown = ({ routing }: PublishedVersion) => `"${routing.basePath || '/'}"`
  return {
    severity: 'warning',
    code: 'base-paths-overlap',
    message:
      `Its base path ${shown(version)} and ${shown(theirs)} of ${other.name} ${theirs.name} lead into one another: ` +
      'a call goes to the more exact path, and to a version with a host of its own first. Check that this is meant.',
    pointer: `/apis/${api.name}/versions/${version.name}/routing`,
  }
}
