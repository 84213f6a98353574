import type { z } from 'zod'
import type { Problem, ProblemCode } from '../registry/base/problem.ts'
import type { LimitClaim as Claim } from '../registry/limits.ts'
import type { BalanceStrategy, Environment, Operation, Routing, TokenGrant } from '../registry/model.ts'
import type { DpopVerifier } from './proof/dpop.ts'

/** A behaviour attached to traffic. See docs for how to add one. */
export interface Policy<C> {
  /** As in config, metrics and logs, e.g. `rate-limit`. */
  readonly name: string
  /** One sentence for the console and the reference. */
  readonly summary: string
  /** Strict; every field described, units in the names. */
  readonly schema: z.ZodType<C>
  /** Config that applies where nobody sets one; absent: the policy runs only where it is configured. */
  readonly byDefault?: C
  /** Once per place of config and snapshot, never per request. May throw: the snapshot is then refused. */
  compile(config: C, deps: Deps): Hooks
}
// biome-ignore lint/suspicious/noExplicitAny: the list of policies holds every config type.
export type AnyPolicy = Policy<any>

export interface Hooks {
  /** Before anything is sent on; may answer (return a Reply) or refuse (throw a Problem). */
  onRequest?: (x: Exchange) => Outcome
  /** Before each attempt: choose the target, shape the outgoing request. */
  onUpstream?: (x: Exchange) => Outcome
  /** The head of the answer is known (from the service, a Reply or a Problem) and not yet sent. Reverse order. */
  onResponse?: (x: Exchange) => Outcome
  /** Always, once: count, log, release. May not throw or wait. */
  onEnd?: (x: Exchange) => void
  /** Whether onRequest needs the whole body; without it bodies stream past. */
  readsBody?: boolean
  /** What calls are counted by. The limits of all policies are taken in one step: see limits/settle.ts. */
  limit?: Limit
}
// biome-ignore lint/suspicious/noConfusingVoidType: a hook with nothing to say just ends.
export type Outcome = void | Reply | Promise<void | Reply>

/** An intended answer that ends the request: a preflight, a cache hit, a replay. */
export interface Reply {
  readonly status: number
  readonly headers: HeaderList
  readonly body?: Buffer | string
}

/** Names and values in turn, in order, names as they came: `['Host', 'a', 'Accept', 'b']`. See header-list.ts. */
export type HeaderList = string[]

/** One request and its response in flight. Fixed shape: every field is set at creation (one hidden class). */
export interface Exchange {
  readonly id: string
  /** ms since the epoch */
  readonly startedAt: number
  readonly request: IncomingRequest
  route: Route | undefined
  /** Values of the path template, decoded. */
  params: Readonly<Record<string, string | undefined>>
  identity: Identity | undefined
  environment: Environment
  /** What is sent to the target; set before the first onUpstream hook of each attempt. */
  outgoing: OutgoingRequest | undefined
  upstream: UpstreamView | undefined
  target: TargetView | undefined
  /** 1 for the first try; 0 before. */
  attempt: number
  /** Targets that failed before this attempt. */
  tried: TargetView[]
  /** The answer's head: from the service, a Reply or a Problem. */
  response: ResponseHead | undefined
  problem: Problem | undefined
  /** Where the call is recorded as a trace; see gateway/trace.ts. */
  trace: Trace | undefined
  /** W3C traceparent that is sent on where it is not recorded; '' until it is known. */
  traceparent: string
  /** Headers that policies add to whatever answer is sent, problems included (rate limits, CORS). */
  readonly responseHeaders: HeaderList
  /** Notes of policies for the access log and for one another's hooks of the same policy. No secrets. */
  readonly notes: Record<string, string | number | boolean>
  /** Gives back what the call holds of limits; undefined when that is nothing, or nothing any more. */
  release: (() => void) | undefined
  /** Whether a byte of it may have reached a service: what it asks for may have been done. */
  wasSent: boolean
  /** Whether its end has come: nobody will call `release` any more. */
  isOver: boolean
}

/** A call that is recorded: what its spans are made of when it has ended. */
export interface Trace {
  readonly traceId: string
  /** Of the call itself. */
  readonly spanId: string
  /** Of the caller's span, where it named one. */
  readonly parentId: string | undefined
  readonly flags: number
  /** Of the attempt that is being shaped. */
  nextSpanId: string
  readonly attempts: AttemptTrace[]
}

/** One try at a target. Times in ms, by the monotonic clock. */
export interface AttemptTrace {
  readonly spanId: string
  readonly upstream: string
  readonly target: string
  readonly url: string
  readonly startMs: number
  /** Absent: it ended with the call. */
  endMs: number | undefined
  problem: ProblemCode | undefined
}

export interface IncomingRequest {
  readonly method: string
  /** Request target as received. */
  readonly url: string
  /** Canonical path: what was routed, is authorised and is forwarded. No query. */
  readonly path: string
  /** `?` and what follows, as received; or ''. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly rawHeaders: readonly string[]
  /** Address of the caller, by the number of trusted proxies. */
  readonly ip: string
  /** Lower case, without port. */
  readonly host: string
  readonly scheme: 'http' | 'https'
  /** The caller's own certificate, where the connection proved one (mutual TLS). */
  readonly clientCertificate: ClientCertificate | undefined
  readonly contentLength: number | undefined
  readonly hasBody: boolean
  /** The whole body, where a policy of the route reads it. */
  body: Buffer | undefined
  /** Most bytes let through; `body-limit` sets it. Counted while streaming, too. */
  maxBodyBytes: number
}

/** Of the caller, who holds its key: that much the handshake proved. What it says is proved only when it is issued. */
export interface ClientCertificate {
  /**
   * Whether an authority of `GATEWAY_TLS_CLIENT_CA` issued it, for this use, and it is valid. Without that anybody may
   * have made it: it can be known again by its thumbprint, and services never see it.
   */
  readonly isIssued: boolean
  /** Distinguished name, e.g. `C=DE, O=Shop, CN=till-1`. */
  readonly subject: string
  /** SHA-256 of the certificate, base64url: what RFC 8705 calls `x5t#S256`. */
  readonly thumbprint: string
  /** As services receive it in `Client-Cert` (RFC 9440). */
  readonly header: string
  readonly pem: string
}

export interface OutgoingRequest {
  method: string
  /** Path and query. */
  path: string
  headers: HeaderList
}

export interface ResponseHead {
  status: number
  headers: HeaderList
}

/** Who the exchange was proved to be. Frozen and shared between requests: hooks only read it. */
export interface Identity {
  readonly partnerId: string
  readonly applicationId: string
  readonly credentialId: string
  /** Which of the credential's secrets was shown; `null`: none, as with a token. */
  readonly secretId: string | null
  readonly environment: Environment
  readonly method: 'api-key' | 'bearer'
  /** `undefined`: not narrowed by the credential or token. */
  readonly scopes: ReadonlySet<string> | undefined
  /** By version id. */
  readonly subscriptions: ReadonlyMap<
    string,
    { readonly planId: string | null; readonly scopes: ReadonlySet<string> | null }
  >
  /** ms since the epoch, or Infinity */
  readonly expiresAt: number
  /** What the access token stands for: whom it comes from, what it is bound to. undefined without a token. */
  readonly grant: TokenGrant | undefined
}

/** The operation of a version that a call was routed to. */
export interface Route {
  readonly apiId: string
  readonly apiName: string
  readonly versionId: string
  readonly versionName: string
  readonly revision: number
  /** How calls name the version: tells whether a token for a resource is for it. */
  readonly routing: Routing
  /** Those that the version has an upstream for. */
  readonly environments: readonly Environment[]
  readonly operation: Operation
  /** Path template with the base path of the version, e.g. `/payments/v1/accounts/{id}`. */
  readonly template: string
  /** Alternatives: all scopes of any one list are enough; empty: none needed. */
  readonly scopes: readonly (readonly string[])[]
}

/** A named payment service behind the gateway, alive: the same object over all snapshots. */
export interface UpstreamView {
  readonly id: string
  readonly name: string
  readonly strategy: BalanceStrategy
  readonly targets: readonly TargetView[]
  /**
   * Takes a slot of one of the targets, by the strategy. Where none has room the call may wait for it: only then it is a
   * promise, which rejects when the caller goes away.
   */
  take(x: Exchange): Taken | Promise<Taken>
}

/** A target with its slot taken; or 'none' to choose from, or none with room. */
export type Taken = TargetView | 'none' | Busy
export interface Busy {
  readonly retryAfterSeconds: number
}

export interface TargetView {
  readonly id: string
  readonly weight: number
  /** Infinity where there is no cap. */
  readonly maxConnections: number
  readonly isDraining: boolean
  /** Whether its health allows new calls: checks pass, it is not ejected, or a trial is due after that. */
  isAvailable(): boolean
  /** Whether it gets no call even where too few others are available: its circuit breaker is open. */
  isBarred(): boolean
  /** Share of its weight that it gets while it starts slowly after a recovery, above 0 up to 1. */
  weightFactor(): number
  /**
   * Mean time to the head of its answers, newer ones counting more, over all threads; fades while it is not asked.
   * undefined before the first answer, and where the strategy does not ask for it.
   */
  headMs(): number | undefined
  /** Calls in flight over all threads of this process. */
  inFlight(): number
  /**
   * Takes a slot unless the target is at its cap; exact over all threads. Whoever takes it releases it once.
   * @param anyway although it is not available: too few others are
   * @returns what the call is sent to and its slot released by: the target, or its stand-in for the one call that tries
   *   whether it has recovered. Both have the same id.
   */
  tryAcquire(anyway?: boolean): TargetView | undefined
  release(): void
}

/**
 * Picks a target for the call and takes its slot. Skips targets that drain or are not available, and those it was tried
 * on. When less than `panicPercent` of those that do not drain are available, health is not asked.
 * @returns 'busy' when every candidate is at its cap, 'none' when there is no candidate
 */
export type Chooser = (x: Exchange) => TargetView | 'busy' | 'none'

/** What policies may ask of the outside: capabilities, not clients. A unit test passes five-line fakes. */
export interface Deps {
  /** ms since the epoch */
  now(): number
  /** Where the config comes from. Counters are keyed by it, so an edit of the config does not reset them. */
  readonly place: Place
  /** @returns undefined when unknown, revoked, expired or suspended. @throws Problem store-unavailable */
  /** @param address of the caller: what strangers make up is counted by it */
  findIdentityByKey(key: string, address: string): Identity | undefined | Promise<Identity | undefined>
  /** The same for an opaque access token. */
  findIdentityByToken(token: string, address: string): Identity | undefined | Promise<Identity | undefined>
  readonly dpop: DpopVerifier
  /**
   * Whether a DPoP proof comes for the first time, to any gateway; it is known from now on.
   * @throws Problem store-unavailable
   */
  isFirstProof(id: string, lifetimeMs: number): Promise<boolean>
  /**
   * Takes from all limits of a call, all or none. A plain value as long as no question to the store is needed.
   * @throws Problem store-unavailable, for a limit that then refuses
   */
  takeLimits(claims: readonly LimitClaim[]): LimitsAnswer | Promise<LimitsAnswer>
  /** A JWT signed with the present key of the authorization server. @throws Problem not-ready without one */
  signJwt(claims: Readonly<Record<string, unknown>>, header: { readonly typ: string }): Promise<string>
  /**
   * Marks one of the payments that a person has allowed as made. @param by names the call, and cannot be guessed
   * @throws Problem store-unavailable
   */
  takeAuthorizationDetail(familyId: string, index: number, by: string): Promise<'taken' | 'used' | 'ended'>
  /** Takes that mark away again: the payment was not made. */
  giveBackAuthorizationDetail(familyId: string, index: number, by: string): Promise<void>
  /** Keyed hash, for what a caller wrote and may be a secret: only this becomes part of a key. */
  hash(text: string): string
  /** What partners see before the path: realm of WWW-Authenticate challenges, and where proofs say that they are for. */
  readonly realm: string
}

export interface Place {
  readonly level: 'gateway' | 'plan' | 'api' | 'version' | 'operation'
  /** Stable over revisions, e.g. `ver_01…` or `ver_01…:createPayment`; for a plan `plan_01…:ver_01…`. */
  readonly id: string
}

/** A limit of a policy: what a call takes, and what is said of it. Those of all policies are taken in one step. */
export interface Limit {
  readonly policy: string
  /** Under which it is noted in the log. */
  readonly note: string
  /** As in the RateLimit headers, e.g. `application`. */
  readonly name: string
  /** Of its item in RateLimit-Policy, e.g. `;q=100;w=60`. */
  readonly parameters: string
  readonly limit: number
  /** Whether it comes free with time; calls in flight do not. */
  readonly hasReset: boolean
  readonly isObserved: boolean
  claimOf(x: Exchange): LimitClaim
  refusal(retryAfterSeconds: number): Problem
}

export type LimitClaim = Claim & {
  /** `share`: each gateway counts for itself, up to its part of the limit. */
  readonly whenStoreFails: 'allow' | 'share' | 'refuse'
}

export interface LimitsAnswer {
  /** Whether all that are enforced had room; else nothing was taken from any. */
  readonly isAllowed: boolean
  /** In the order of the claims. */
  readonly of: readonly LimitAnswer[]
  /** Gives back what is held while the call lasts; to be called once. undefined: nothing is. */
  readonly release: (() => void) | undefined
}

export interface LimitAnswer {
  readonly isAllowed: boolean
  /** false: it passes uncounted, as the store is away. */
  readonly isCounted: boolean
  readonly remaining: number
  /** Until a refused call may be tried again; 0 when allowed. */
  readonly retryAfterMs: number
  /** Until the limit is whole again. */
  readonly resetMs: number
}
