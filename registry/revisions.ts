import { problem } from './base/problem.ts'
import { commit, requireMatch, retried } from './commit.ts'
import { kinds } from './kinds.ts'
import type { ImportedDocument, Revision, Version } from './model.ts'
import { type Limits, readDocument } from './openapi/index.ts'
import { insertion, joined, kept, replacement } from './records.ts'
import { guarded } from './redis.ts'
import {
  type Actor,
  findByName,
  get,
  type ListOptions,
  list,
  notFound,
  type Page,
  type Registry,
  type Stored,
} from './store.ts'

/**
 * Reads an OpenAPI document, keeps it byte for byte, and makes of it the version’s next revision, which becomes the
 * current one. Gateways see it after the next publish.
 *
 * @throws Problem `document-invalid` with pointers and lines; then nothing has changed
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function importDocument(
  r: Registry,
  actor: Actor,
  versionId: string,
  bytes: Buffer,
  limits: Limits,
  ifMatch?: string,
): Promise<{ version: Stored<Version>; revision: Stored<Revision> }> {
  requireMatch(ifMatch, (await get(r, kinds.version, versionId)).etag)
  const document = await readDocument(bytes, limits)
  return retried(async () => {
    const before = await get(r, kinds.version, versionId)
    requireMatch(ifMatch, before.etag)
    const number = (await guarded(r.redis.zcard(r.keys.children(versionId, 'revision')))) + 1
    const { stored: revision, ...added } = insertion(r, kinds.revision, {
      ...kept(r, kinds.revision),
      versionId,
      number,
      createdBy: actor.id,
      document,
    })
    const { stored: version, ...moved } = replacement(r, kinds.version, before, {
      ...before.value,
      revision: number,
    })
    const steps = joined(added, moved)
    await commit(r, actor, {
      expect: [
        ...moved.expect,
        ...added.expect.map((e) => ({ ...e, otherwise: 'precondition-failed' as const })),
      ],
      write: [['set', r.keys.document(document.sha256), bytes], ...steps.write],
      audit: [
        {
          action: 'import',
          noun: 'version',
          subject: versionId,
          before: { revision: before.value.revision },
          after: { revision: number, sha256: document.sha256, bytes: document.bytes },
        },
      ],
    })
    return { version, revision }
  })
}

/** What an import would read, without keeping anything. @throws Problem document-invalid */
export async function previewDocument(bytes: Buffer, limits: Limits): Promise<ImportedDocument> {
  return readDocument(bytes, limits)
}

/** One page of a version’s revisions, oldest first. @throws Problem store-unavailable */
export async function listRevisions(
  r: Registry,
  versionId: string,
  options?: ListOptions<Revision>,
): Promise<Page<Revision>> {
  return list(r, kinds.revision, options, versionId)
}

/** @throws Problem not-found, store-unavailable */
export async function getRevision(r: Registry, versionId: string, number: number): Promise<Stored<Revision>> {
  const revision = await findByName(r, kinds.revision, String(number), versionId)
  if (!revision) throw notFound(kinds.revision, String(number))
  return revision
}

/**
 * Makes an earlier or later revision the current one, as a draft.
 *
 * @throws Problem not-found, precondition-failed, store-unavailable
 */
export async function useRevision(
  r: Registry,
  actor: Actor,
  versionId: string,
  number: number,
  ifMatch?: string,
): Promise<Stored<Version>> {
  return retried(async () => {
    const before = await get(r, kinds.version, versionId)
    requireMatch(ifMatch, before.etag)
    if (!(await findByName(r, kinds.revision, String(number), versionId)))
      throw problem('not-found', { detail: `This version has no revision ${number}.` })
    const { stored, ...steps } = replacement(
      r,
      kinds.version,
      before,
      { ...before.value, revision: number },
      'use-revision',
    )
    await commit(r, actor, steps)
    return stored
  })
}

/** A document as it was uploaded, byte for byte. @returns undefined when none has this SHA-256 (hex) */
export async function documentText(r: Registry, sha256: string): Promise<Buffer | undefined> {
  return (await guarded(r.redis.getBuffer(r.keys.document(sha256)))) ?? undefined
}
