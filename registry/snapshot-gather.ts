import { problem } from './base/problem.ts'
import type { Expectation } from './commit.ts'
import { kinds } from './kinds.ts'
import type {
  Finding,
  Plan,
  PublishedApi,
  PublishedVersion,
  SealedUpstream,
  Snapshot,
  Version,
} from './model.ts'
import { isUnchanged } from './records.ts'
import { getSettings } from './settings.ts'
import { diffSnapshots, type SnapshotDiff } from './snapshot-diff.ts'
import { overlaps } from './snapshot-overlaps.ts'
import { loadCurrent } from './snapshot-store.ts'
import { allIds, find, findByName, findMany, get, type Registry, type Stored } from './store.ts'

/** What a publish takes over from the drafts. Whatever is not named stays as it is published. */
export interface ChangeSet {
  /** Ids of APIs: each goes with its versions and the upstreams and plans that those refer to. */
  readonly apis?: readonly string[]
  /** Ids of APIs that are taken out. */
  readonly withdraw?: readonly string[]
  /** Ids of upstreams that a published API uses. */
  readonly upstreams?: readonly string[]
  /** Ids of plans that a published API offers. */
  readonly plans?: readonly string[]
  /** Whether the defaults of the whole gateway go along. */
  readonly settings?: boolean
}

export interface Gathered {
  readonly base: Snapshot
  /** Number, time and author are filled in by the publish. */
  readonly next: Snapshot
  readonly diff: SnapshotDiff
  readonly findings: Finding[]
  /** That all drafts are as they were read and the base is still current. */
  readonly expect: Expectation[]
}

/** Puts together what a change set would publish. Writes nothing. @throws Problem not-found, store-unavailable */
export async function gather(r: Registry, change: ChangeSet): Promise<Gathered> {
  const { snapshot: base, isCurrent } = await loadCurrent(r)
  const expect: Expectation[] = [isCurrent]
  const findings: Finding[] = []

  const leaving = new Set([...(change.withdraw ?? []), ...(change.apis ?? [])])
  const apis = base.apis.filter((api) => !leaving.has(api.id))
  for (const id of new Set(change.withdraw ?? []))
    if (!base.apis.some((api) => api.id === id))
      throw problem('not-found', { detail: `The API "${id}" is not published.` })
  for (const id of new Set(change.apis ?? [])) {
    const gathered = await gatherApi(r, id)
    apis.push(gathered.api)
    expect.push(...gathered.expect)
    findings.push(...gathered.findings)
  }
  apis.sort((a, b) => (a.id < b.id ? -1 : 1))

  const fresh = apis.filter((api) => change.apis?.includes(api.id)).flatMap((api) => api.versions)
  const upstreams = await merged<SealedUpstream>(
    base.upstreams,
    [...(change.upstreams ?? []), ...fresh.flatMap(upstreamsOf)],
    apis.flatMap((api) => api.versions.flatMap(upstreamsOf)),
    async (id) => {
      const stored = await find(r, kinds.upstream, id)
      if (stored) expect.push(isUnchanged(r, kinds.upstream, stored))
      return stored?.value
    },
  )
  const plans = await merged<Plan>(
    base.plans,
    [...(change.plans ?? []), ...fresh.flatMap((version) => version.plans)],
    apis.flatMap((api) => api.versions.flatMap((version) => version.plans)),
    async (id) => {
      const stored = await find(r, kinds.plan, id)
      if (stored) expect.push(isUnchanged(r, kinds.plan, stored))
      return stored?.value
    },
  )
  findings.push(...overlaps({ apis }, change.apis))
  for (const id of change.upstreams ?? [])
    if (!upstreams.some((u) => u.id === id)) findings.push(unused('upstream', id))
  for (const id of change.plans ?? []) if (!plans.some((p) => p.id === id)) findings.push(unused('plan', id))

  const policies = change.settings ? (await getSettings(r)).value.policies : base.policies
  const next = { ...base, policies, apis, upstreams, plans }
  return { base, next, diff: diffSnapshots(base, next, change.apis ?? []), findings, expect }
}

async function gatherApi(
  r: Registry,
  id: string,
): Promise<{ api: PublishedApi; expect: Expectation[]; findings: Finding[] }> {
  const api = await get(r, kinds.api, id)
  const versionIds = await allIds(r, kinds.version, id)
  const versions = (await findMany(r, kinds.version, versionIds)).filter((v) => v !== undefined)
  const published: PublishedVersion[] = []
  const findings: Finding[] = []
  for (const version of versions) {
    const complete = await publishedVersion(r, version)
    if (complete) published.push(complete)
    else
      findings.push({
        severity: 'warning',
        code: 'version-without-document',
        message: `Version ${version.value.name} of ${api.value.name} has no document yet and is left out.`,
        pointer: `/apis/${api.value.name}/versions/${version.value.name}`,
      })
  }
  const members = ['count', r.keys.children(id, 'version'), versionIds.length] as const
  return {
    api: { ...api.value, versions: published },
    findings,
    expect: [
      isUnchanged(r, kinds.api, api),
      { check: members, otherwise: 'precondition-failed' },
      ...versions.map((version) => isUnchanged(r, kinds.version, version)),
    ],
  }
}

async function publishedVersion(
  r: Registry,
  { value }: Stored<Version>,
): Promise<PublishedVersion | undefined> {
  if (value.revision === 0) return undefined
  const revision = await findByName(r, kinds.revision, String(value.revision), value.id)
  if (!revision) return undefined
  const { document } = revision.value
  const scopes = new Set([
    ...Object.keys(document.scopes),
    ...document.operations.flatMap((operation) => operation.scopes.flat()),
    ...Object.values(value.operations).flatMap((operation) => operation.scopes ?? []),
  ])
  return { ...value, sha256: document.sha256, scopes: [...scopes].sort(), routes: document.operations }
}

/** The published ones that are still used, those of the change set as their drafts are now. */
async function merged<T extends { id: string }>(
  published: readonly T[],
  fresh: readonly string[],
  used: readonly string[],
  draft: (id: string) => Promise<T | undefined>,
): Promise<T[]> {
  const found = new Map(published.map((one) => [one.id, one]))
  for (const id of new Set(fresh)) {
    const one = await draft(id)
    if (one) found.set(id, one)
    // A reference to nothing is for the check to report; what was published under this id must not hide it.
    else found.delete(id)
  }
  const wanted = new Set(used)
  return [...found.values()].filter((one) => wanted.has(one.id)).sort((a, b) => (a.id < b.id ? -1 : 1))
}

function upstreamsOf(version: PublishedVersion): string[] {
  return Object.values(version.upstreams).filter((id) => id !== undefined)
}

function unused(noun: string, id: string): Finding {
  return {
    severity: 'warning',
    code: `${noun}-unused`,
    message: `No published API uses the ${noun} "${id}": it is left out.`,
    pointer: `/${noun}s/${id}`,
  }
}
