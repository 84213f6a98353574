/**
 * Every Redis key, by name. No key is spelled elsewhere.
 *
 * Hash tags (the part in braces) decide the slot on Redis Cluster. All configuration shares the tag `registry`, so
 * that one script can change a record, its indexes, the audit and the event stream together; it is small and is read
 * rarely. What grows with traffic (tokens, limits) is spread: a token by its own hash, limits by partner. Counts of calls and
 * the log of calls share the tag `traffic`: gateways write them in one pipeline a second, which needs one slot.
 */
export type Noun =
  | 'api'
  | 'version'
  | 'revision'
  | 'upstream'
  | 'partner'
  | 'application'
  | 'credential'
  | 'plan'
  | 'subscription'
  | 'admin-token'
  | 'settings'
  | 'signing-key'
  | 'issuer'
  | 'person'
  | 'invitation'

export type Keys = ReturnType<typeof keysWith>

/** The key functions under a prefix (`REDIS_PREFIX`), so that several platforms, or test files, can share one Redis. */
export function keysWith(prefix: string) {
  const registry = `${prefix}{registry}:`
  const traffic = `${prefix}{traffic}:`
  return {
    prefix,
    /** stands before every key of the configuration */
    registry,
    /** hash {etag, json} */
    record: (noun: Noun, id: string) => `${registry}${noun}:${id}`,
    /** sorted set of ids, all scores 0: read by lexical range, which is by age */
    index: (noun: Noun) => `${registry}index:${noun}`,
    /** sorted set of child ids, e.g. the versions of an API */
    children: (parentId: string, noun: Noun) => `${registry}children:${parentId}:${noun}`,
    /** sorted set of the ids that bear a mark, e.g. the pending subscriptions */
    marked: (noun: Noun, mark: string) => `${registry}marked:${noun}:${mark}`,
    /** hash name -> id; `within` is '' or the parent's id where names are unique only inside it */
    names: (noun: Noun, within = '') => `${registry}names:${noun}${within && `:${within}`}`,
    /** hash: keyed hash of an API key, client secret or admin token -> `credential application partner`, or the id of the admin token */
    secrets: () => `${registry}secrets`,
    /** hash: id of an initial access token -> JSON of what a list shows of it */
    registrationTokens: (applicationId: string) => `${registry}registration-tokens:${applicationId}`,
    /** hash: id of a credential or of one of its secrets -> when it was last used, in ms */
    lastUsed: () => `${registry}last-used`,
    /** string: an OpenAPI document as uploaded, by SHA-256 (hex) */
    document: (sha256: string) => `${registry}document:${sha256}`,
    /** hash with expiry: the pieces of a document that its pages are made of; made again when they are gone */
    documentation: (sha256: string) => `${prefix}documentation:{${sha256}}`,
    /** string: JSON of an immutable snapshot */
    snapshot: (number: number) => `${registry}snapshot:${number}`,
    /** string: the number that gateways serve */
    currentSnapshot: () => `${registry}snapshot-current`,
    /** string: the highest number given out */
    lastSnapshot: () => `${registry}snapshot-last`,
    /** hash: number -> JSON of what a list shows of that snapshot */
    snapshotSummaries: () => `${registry}snapshot-summaries`,
    /** string: JSON of version id -> scopes, of the current snapshot */
    publishedScopes: () => `${registry}published-scopes`,
    /** string: JSON of version id -> its routing, of the current snapshot */
    publishedRoutings: () => `${registry}published-routings`,
    /** string: changes with every change of the signing keys */
    signingKeysVersion: () => `${registry}signing-keys-version`,
    /** string: JSON of version id -> revision number, of the current snapshot */
    publishedRevisions: () => `${registry}published-revisions`,
    /** string: changes with every change of the issuers */
    issuersVersion: () => `${registry}issuers-version`,
    /** string with expiry: JSON of what a partner's request made, by the keyed hash of the request's id */
    request: (partnerId: string, hash: string) => `${registry}request:${partnerId}:${hash}`,
    /** stream of audit entries */
    audit: () => `${registry}audit`,
    /** hash: id of an audit entry -> its link in the chain */
    auditLinks: () => `${registry}audit-links`,
    /** string: JSON of the newest link */
    auditHead: () => `${registry}audit-head`,
    /** stream of what gateways must hear of: new snapshots, things revoked */
    events: () => `${registry}events`,
    /** string with expiry: JSON of an access token's grant */
    token: (hash: string) => `${prefix}token:{${hash}}`,
    /** sorted set: keyed hashes of an application's tokens by when they expire */
    tokensOf: (applicationId: string) => `${prefix}tokens-of:{${applicationId}}`,
    /** string with expiry: JSON of what a person has allowed; all its tokens are dead without it */
    family: (id: string) => `${prefix}family:{${id}}`,
    /** sorted set: ids of an application's families by when they expire */
    familiesOf: (applicationId: string) => `${prefix}families-of:{${applicationId}}`,
    /** sorted set: ids of a person's families by when they expire; the person by a keyed hash */
    familiesOfPerson: (hash: string) => `${prefix}families-of-person:{${hash}}`,
    /** hash with expiry: client id -> JSON of what the person need not be asked again */
    consents: (hash: string) => `${prefix}consents:{${hash}}`,
    /** string with expiry: what may be used once, by purpose and keyed hash: codes, pushed requests, sessions … */
    once: (purpose: string, hash: string) => `${prefix}once:${purpose}:{${hash}}`,
    /** hash or string with expiry: the state of one limit. `owner` is a partner's id or an address */
    limit: (owner: string, rule: string) => `${prefix}limit:{${owner}}:${rule}`,
    /** string, with expiry where the record has one: JSON of a record of accounts */
    account: (model: string, id: string) => `${prefix}{accounts}:${model}:${id}`,
    /** sorted set: ids of the records that do not expire, all scores 0 */
    accounts: (model: string) => `${prefix}{accounts}:all:${model}`,
    /** set: ids of the records whose field has a value, by its keyed hash */
    accountsBy: (model: string, field: string, hash: string) =>
      `${prefix}{accounts}:by:${model}:${field}:${hash}`,
    /** string with expiry: a gateway's last heartbeat */
    heartbeat: (gatewayId: string) => `${registry}heartbeat:${gatewayId}`,
    /** sorted set: gateway ids by the time of their last heartbeat */
    heartbeats: () => `${registry}heartbeats`,
    /** hash with expiry: id of a series -> its counts in one step of a ring. `of`: a partner's id, or '' */
    traffic: (view: string, of: string, stepMs: number, step: number) =>
      `${traffic}${view}${of && `:${of}`}:${stepMs / 1000}:${step}`,
    /** hash with expiry: id of a series -> JSON of its name, by month */
    trafficNames: (period: number) => `${traffic}names:${period}`,
    /** string: end of the newest second that was counted, in ms since the epoch */
    trafficNewest: () => `${traffic}newest`,
    /** stream of calls, as many as are kept of them */
    requestLog: () => `${traffic}requests`,
  }
}
