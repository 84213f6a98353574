import type { z } from 'zod'
import { headOf } from './base/secrets.ts'
import { SealedIssuer } from './issuer-model.ts'
import type { Noun } from './keys.ts'
import * as model from './model.ts'
import { Invitation, Person } from './people-model.ts'

/** What all records share. */
export interface KeptRecord {
  readonly id: string
  readonly createdAt: number
  readonly updatedAt: number
}

/**
 * How the records of one noun hang together with others. Writing, deleting and checking the registry all follow from
 * these declarations, so that an index cannot be kept in one place and forgotten in another.
 */
export interface Kind<T extends KeptRecord> {
  readonly noun: Noun
  /** First part of its ids. */
  readonly prefix: string
  readonly schema: z.ZodType<T>
  /** What must be unique, and inside which parent ('' for all). */
  nameOf?(value: T): { readonly name: string; readonly within: string }
  /** What is said where that is taken, if it is no name that people gave. */
  readonly takenDetail?: string
  /** Records that it refers to: they must exist, and they know it as their child. */
  parentsOf?(value: T): readonly { readonly noun: Noun; readonly id: string }[]
  /** Keyed hashes by which it is found, and what stands for it under them. */
  secretsOf?(value: T): readonly { readonly hash: string; readonly owner: string }[]
  /** Short lists in which it stands as long as it is so, e.g. `pending`. */
  marksOf?(value: T): readonly string[]
  /** Nouns that may refer to it: it cannot be deleted while one does. */
  readonly children: readonly Noun[]
}

const kind = <T extends KeptRecord>(k: Kind<T>): Kind<T> => k
const named = <T extends KeptRecord & { readonly name: string }>(value: T) => ({
  name: value.name,
  within: '',
})

export const kinds = {
  api: kind<model.Api>({
    noun: 'api',
    prefix: 'api',
    schema: model.Api,
    nameOf: named,
    children: ['version'],
  }),
  version: kind<model.Version>({
    noun: 'version',
    prefix: 'ver',
    schema: model.Version,
    nameOf: (v) => ({ name: v.name, within: v.apiId }),
    parentsOf: (v) => [
      { noun: 'api', id: v.apiId },
      ...unique([v.upstreams.sandbox, v.upstreams.live]).map((id) => ({ noun: 'upstream' as const, id })),
      ...unique(v.plans).map((id) => ({ noun: 'plan' as const, id })),
    ],
    children: ['revision', 'subscription'],
  }),
  revision: kind<model.Revision>({
    noun: 'revision',
    prefix: 'rev',
    schema: model.Revision,
    nameOf: (v) => ({ name: String(v.number), within: v.versionId }),
    parentsOf: (v) => [{ noun: 'version', id: v.versionId }],
    children: [],
  }),
  upstream: kind<model.SealedUpstream>({
    noun: 'upstream',
    prefix: 'ups',
    schema: model.SealedUpstream,
    nameOf: named,
    children: ['version'],
  }),
  plan: kind<model.Plan>({
    noun: 'plan',
    prefix: 'plan',
    schema: model.Plan,
    nameOf: named,
    children: ['version', 'subscription'],
  }),
  partner: kind<model.Partner>({
    noun: 'partner',
    prefix: 'par',
    schema: model.Partner,
    nameOf: named,
    children: ['application', 'person', 'invitation'],
  }),
  application: kind<model.Application>({
    noun: 'application',
    prefix: 'app',
    schema: model.Application,
    nameOf: (v) => ({ name: v.name, within: v.partnerId }),
    parentsOf: (v) => [{ noun: 'partner', id: v.partnerId }],
    children: ['credential', 'subscription', 'issuer'],
  }),
  credential: kind<model.Credential>({
    noun: 'credential',
    prefix: 'cred',
    schema: model.Credential,
    parentsOf: (v) => [{ noun: 'application', id: v.applicationId }],
    secretsOf: (v) =>
      v.secrets.map(({ hash }) => ({ hash, owner: `${v.id} ${v.applicationId} ${v.partnerId}` })),
    marksOf: (v) => unique(v.secrets.map(({ hint }) => headOf(hint))),
    children: [],
  }),
  subscription: kind<model.Subscription>({
    noun: 'subscription',
    prefix: 'sub',
    schema: model.Subscription,
    // One for each version: the "name" that must be unique inside an application is the version.
    nameOf: (v) => ({ name: v.versionId, within: v.applicationId }),
    takenDetail: 'The application has a subscription to this version already.',
    parentsOf: (v) => [
      { noun: 'application', id: v.applicationId },
      { noun: 'version', id: v.versionId },
      ...(v.planId === null ? [] : [{ noun: 'plan' as const, id: v.planId }]),
    ],
    marksOf: (v) => (v.state === 'pending' ? ['pending'] : []),
    children: [],
  }),
  adminToken: kind<model.AdminToken>({
    noun: 'admin-token',
    prefix: 'adm',
    schema: model.AdminToken,
    secretsOf: (v) => (v.revokedAt === null ? [{ hash: v.hash, owner: v.id }] : []),
    children: [],
  }),
  signingKey: kind<model.SigningKey>({
    noun: 'signing-key',
    prefix: 'key',
    schema: model.SigningKey,
    children: [],
  }),
  issuer: kind<SealedIssuer>({
    noun: 'issuer',
    prefix: 'iss',
    schema: SealedIssuer,
    nameOf: named,
    parentsOf: (v) => unique(Object.values(v.applications)).map((id) => ({ noun: 'application', id })),
    children: [],
  }),
  person: kind<Person>({
    noun: 'person',
    prefix: 'person',
    schema: Person,
    nameOf: (v) => ({ name: v.email, within: '' }),
    takenDetail: 'Somebody has this e-mail address already.',
    parentsOf: (v) => v.memberships.map(({ partnerId }) => ({ noun: 'partner', id: partnerId })),
    children: [],
  }),
  invitation: kind<Invitation>({
    noun: 'invitation',
    prefix: 'invitation',
    schema: Invitation,
    parentsOf: (v) => (v.membership ? [{ noun: 'partner', id: v.membership.partnerId }] : []),
    children: [],
  }),
  settings: kind<model.Settings>({
    noun: 'settings',
    prefix: 'settings',
    schema: model.Settings,
    children: [],
  }),
} as const

function unique(ids: readonly (string | undefined)[]): string[] {
  return [...new Set(ids.filter((id) => id !== undefined))]
}
