import type {
  Deps,
  Exchange,
  Hooks,
  Identity,
  IncomingRequest,
  Policy,
  Reply,
  Route,
  TargetView,
} from '../../policies/policy.ts'
import { newSecret } from '../../registry/base/secrets.ts'
import { TokenGrant } from '../../registry/model.ts'
import { dpopVerifier } from './dpop.ts'

/** Builders for unit tests of policies: what does not matter has a default, what does is passed. */

export const liveKey = newSecret('api-key:live')
export const liveToken = newSecret('access-token:live')

export function exchange(
  request: Partial<IncomingRequest> = {},
  more: Partial<Omit<Exchange, 'request'>> = {},
): Exchange {
  return {
    id: 'req-1',
    startedAt: 0,
    request: {
      method: 'GET',
      url: '/payments/v1/payment',
      path: '/payments/v1/payment',
      query: '',
      headers: {},
      rawHeaders: [],
      ip: '192.0.2.7',
      host: 'api.bank.example',
      scheme: 'https',
      clientCertificate: undefined,
      contentLength: undefined,
      hasBody: false,
      body: undefined,
      maxBodyBytes: 1_000_000,
      ...request,
    },
    route: route(),
    params: {},
    identity: undefined,
    environment: 'live',
    outgoing: undefined,
    upstream: undefined,
    target: undefined,
    attempt: 0,
    tried: [],
    response: undefined,
    problem: undefined,
    trace: undefined,
    traceparent: '',
    responseHeaders: [],
    notes: {},
    release: undefined,
    wasSent: false,
    isOver: false,
    ...more,
  }
}

export function route(more: Partial<Route> = {}): Route {
  return {
    apiId: 'api_1',
    apiName: 'payments',
    versionId: 'ver_1',
    versionName: 'v1',
    revision: 1,
    routing: { by: 'path', basePath: '/payments/v1' },
    environments: ['live', 'sandbox'],
    operation: {
      id: 'createPayment',
      method: 'POST',
      path: '/payment',
      summary: '',
      tags: [],
      isDeprecated: false,
      scopes: [],
      isAnonymous: false,
    },
    template: '/payments/v1/payment',
    scopes: [],
    ...more,
  }
}

export function identity(more: Partial<Identity> = {}): Identity {
  return {
    partnerId: 'par_1',
    applicationId: 'app_1',
    credentialId: 'crd_1',
    secretId: null,
    environment: 'live',
    method: 'api-key',
    scopes: undefined,
    subscriptions: new Map([['ver_1', { planId: null, scopes: null }]]),
    grant: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
    ...more,
  }
}

export function grant(more: Partial<TokenGrant> = {}): TokenGrant {
  return TokenGrant.parse({
    credentialId: 'crd_1',
    applicationId: 'app_1',
    partnerId: 'par_1',
    environment: 'live',
    scopes: [],
    issuedAt: 0,
    expiresAt: 3_600_000,
    ...more,
  })
}

export function deps(more: Partial<Deps> = {}): Deps {
  return {
    now: () => 0,
    place: { level: 'version', id: 'ver_1' },
    findIdentityByKey: (key) => (key === liveKey ? identity() : undefined),
    findIdentityByToken: (token) => (token === liveToken ? identity({ method: 'bearer' }) : undefined),
    dpop: dpopVerifier(more.now ?? (() => 0)),
    isFirstProof: firstOnly(),
    takeLimits: (claims) => ({
      isAllowed: true,
      of: claims.map(() => ({
        isAllowed: true,
        isCounted: true,
        remaining: 9,
        retryAfterMs: 0,
        resetMs: 1_000,
      })),
      release: undefined,
    }),
    signJwt: async (claims, { typ }) => `${typ}.${JSON.stringify(claims)}`,
    takeAuthorizationDetail: async () => 'taken',
    giveBackAuthorizationDetail: async () => {},
    hash: (text) => `hash-of-${text.length}`,
    realm: 'https://api.bank.example',
    ...more,
  }
}

function firstOnly(): Deps['isFirstProof'] {
  const seen = new Set<string>()
  return async (id) => seen.size < seen.add(id).size
}

/** Compiles as the gateway does: the config passes the schema first. */
export function compile<C>(policy: Policy<C>, config: unknown = {}, more: Partial<Deps> = {}): Hooks {
  return policy.compile(policy.schema.parse(config), deps(more))
}

/** What the onRequest hook gives, whether at once or later. */
export async function ask(hooks: Hooks, x: Exchange): Promise<Reply | undefined> {
  return (await hooks.onRequest!(x)) ?? undefined
}

export interface FakeTarget extends TargetView {
  isDraining: boolean
  isHealthy: boolean
  /** Open circuit breaker. */
  isBroken: boolean
  factor: number
  meanMs: number | undefined
  /** Most slots ever held at once. */
  peak: number
  /** Slots taken in all. */
  taken: number
}

export function target(id: string, more: { weight?: number; maxConnections?: number } = {}): FakeTarget {
  const maxConnections = more.maxConnections ?? Number.POSITIVE_INFINITY
  let held = 0
  return {
    id,
    weight: more.weight ?? 1,
    maxConnections,
    isDraining: false,
    isHealthy: true,
    isBroken: false,
    factor: 1,
    meanMs: undefined,
    peak: 0,
    taken: 0,
    isAvailable() {
      return this.isHealthy && !this.isBroken
    },
    isBarred() {
      return this.isBroken
    },
    weightFactor() {
      return this.factor
    },
    headMs() {
      return this.meanMs
    },
    inFlight: () => held,
    tryAcquire() {
      if (held >= maxConnections) return undefined
      held++
      this.taken++
      this.peak = Math.max(this.peak, held)
      return this
    },
    release() {
      held--
    },
  }
}
