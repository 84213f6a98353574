import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Place } from '../policies/policy.ts'
import { createDpopVerifier } from '../policies/proof/dpop.ts'
import { createPublicKeys } from '../policies/proof/keys.ts'
import { createNonces } from '../policies/proof/nonces.ts'
import { giveBackDetail, takeDetail } from '../registry/authorization-details.ts'
import { steadyClock } from '../registry/base/clock.ts'
import type { Config } from '../registry/base/config.ts'
import type { Log } from '../registry/base/log.ts'
import { hashSecret } from '../registry/base/secrets.ts'
import { touchCredentials } from '../registry/credentials.ts'
import { giveBack, takeLimits } from '../registry/limits.ts'
import { isFirst } from '../registry/one-time.ts'
import { closeRedis, guarded } from '../registry/redis.ts'
import { withoutSlash } from '../registry/resources.ts'
import { openCredential } from '../registry/sealed.ts'
import { createSigner, listSigningKeys, type Signer } from '../registry/signing-keys.ts'
import { openRegistry } from '../registry/store.ts'
import { openAccessLog } from './access-log.ts'
import { createAuthorizationServerApp } from './authorization-server.ts'
import type { CallerRequest, CallerResponse } from './caller.ts'
import { clientAddress, type NetworkSet, networkSet, plainAddress } from './client-address.ts'
import { addConnectionMetrics } from './connection-metrics.ts'
import { createConnections } from './connections.ts'
import { createHandler, type HandleParts } from './handle.ts'
import { openHealth } from './health-cells.ts'
import { createHealthOf } from './health-log.ts'
import { serveByApp } from './http2/message.ts'
import { isHttp2 } from './http2/request.ts'
import type { Identities } from './identities.ts'
import { createIdentityCaches } from './identity-caches.ts'
import type { ExternalTokens } from './issuers/external-tokens.ts'
import { openExternalTokens } from './issuers/open.ts'
import { createLastUses } from './last-uses.ts'
import { createLeases } from './leases.ts'
import { createListeners, type Listeners } from './listeners.ts'
import type { Draining, WorkerStart } from './messages.ts'
import { createThreadMetrics, type ThreadMetrics } from './metrics.ts'
import { openPool } from './open-pool.ts'
import { createJwks } from './outbound/jwks.ts'
import { createOutbound } from './outbound/outbound.ts'
import { peopleOf } from './people/people.ts'
import { createProtectedResources } from './protected-resources.ts'
import { createResources } from './resources.ts'
import { createRetryBudget } from './retry-budget.ts'
import type { ServedIdentity } from './served-identity.ts'
import { viewShared } from './shared.ts'
import { cutOffSlowReaders } from './slow-readers.ts'
import { createStoreBreaker } from './store-breaker.ts'
import { createTables, type Tables } from './tables.ts'
import { createPools } from './targets.ts'
import { createCertificateOf } from './tls/certificates-of.ts'
import type { OpenTracing } from './trace-export.ts'
import type { ThreadTraffic } from './traffic/messages.ts'
import { createThreadTraffic } from './traffic/thread-traffic.ts'
import { createUpgrades } from './upgrade.ts'
import { createUpstreamMetrics } from './upstream-metrics.ts'
import { createWaiting } from './waiting.ts'

/** One thread of the gateway: its listeners, its table, its caches. */
export interface Thread {
  readonly listeners: Listeners
  readonly tables: Tables
  readonly identities: readonly Identities[]
  readonly signer: Signer
  readonly externalTokens: ExternalTokens
  readonly metrics: ThreadMetrics
  /** Tells callers to go, stops accepting, lets calls finish for so long, then ends what is left. */
  drain(draining: Draining): Promise<void>
}

/** How often the times of last use are told to the registry; of very many seldom enough to be a millisecond each. */
const touchEveryMs = 5_000
const touchMsPerCredential = 1

/** How often unused slots of calls in flight are given back, and those in use kept. */
const tendEveryMs = 1_000

export function createThread(
  config: Config,
  log: Log,
  start: WorkerStart,
  tellTraffic: (traffic: ThreadTraffic) => void,
  openTracing?: OpenTracing,
): Thread {
  const { publicUrl } = start
  const registry = openRegistry(config, log)
  const view = viewShared(start.shared, start.thread)
  const health = openHealth(start.shared.health)
  const healthOf = createHealthOf(health, start.thread, log)
  const metrics = createThreadMetrics()
  const isTrustedProxy = networkSet(config.GATEWAY_TRUSTED_PROXIES)
  const proxiedCertificates = config.GATEWAY_PROXIED_CLIENT_CERTIFICATE
  const certificateOf = createCertificateOf(proxiedCertificates, isTrustedProxy)
  const tracing = openTracing?.({ config, publicUrl, log, isTrustedProxy, spansEnded: metrics.spansEnded })
  const accessLog = openAccessLog(config.LOG_LEVEL, config.LOG_ACCESS === 'on')
  const traffic = createThreadTraffic({
    callsPerSecond: config.GATEWAY_REQUEST_LOG === 'off' ? 0 : callsOfThread(config, start),
    inFlight: metrics.inFlight,
    say: tellTraffic,
  })
  const pools = createPools(openPool)
  const breaker = createStoreBreaker({
    ping: () => guarded(registry.redis.ping()),
    slowMs: config.REDIS_TIMEOUT_MS / 2,
    onFailure: metrics.storeFailed,
    now: steadyClock,
  })
  const signer = createSigner(registry, () => breaker.ask(() => listSigningKeys(registry)))
  const issuer = withoutSlash(publicUrl)
  const outbound = createOutbound({ networks: config.GATEWAY_OUTBOUND_NETWORKS, ca: config.outboundCa })
  const fetchJwks = createJwks({
    outbound,
    now: steadyClock,
    onFailure: (uri, error) => log.warn({ err: error, uri }, 'keys could not be fetched'),
  })
  const externalTokens = openExternalTokens({
    registry,
    breaker,
    fetchJwks,
    outbound,
    ownIssuer: issuer,
    log,
  })
  const { keys, tokens } = createIdentityCaches(config, registry, breaker, {
    signer,
    externalTokens,
    issuer,
    contactAt: view.contactAt,
    known: start.shared.known,
    onRefused: metrics.lookUpRefused,
  })
  const leases = createLeases({
    memory: view.leases,
    holder: start.shared.leases.holder,
    take: (request) => breaker.ask(() => takeLimits(registry, request)),
    giveBack: (all, holder) => giveBack(registry, all, holder),
  })
  metrics.limitsAnswered(leases.counts)
  const tending = setInterval(() => void leases.tend(), tendEveryMs)
  const used = createLastUses()
  let touchedAt = steadyClock()
  let isDraining = false

  const dpop = createDpopVerifier({
    keys: createPublicKeys(),
    nonces: createNonces(config.secrets.hashKey),
    now: Date.now,
  })
  const depsAt = (place: Place) => ({
    now: Date.now,
    place,
    realm: publicUrl,
    findIdentityByKey: keys.find,
    findIdentityByToken: tokens.find,
    dpop,
    isFirstProof: (id: string, lifetimeMs: number) =>
      breaker.ask(() => isFirst(registry, 'proof', id, lifetimeMs)),
    takeLimits: leases.take,
    signJwt: signer.sign,
    takeAuthorizationDetail: (familyId: string, index: number, by: string) =>
      breaker.ask(() => takeDetail(registry, familyId, index, by)),
    giveBackAuthorizationDetail: (familyId: string, index: number, by: string) =>
      giveBackDetail(registry, familyId, index, by),
    hash: (text: string) => hashSecret(registry.secrets.hashKey, text),
  })
  const { waited, retried } = createUpstreamMetrics(metrics.registry, () => tables.upstreams())
  const waiting = createWaiting({
    shared: start.shared,
    view,
    thread: start.thread,
    observe: waited,
    lookEveryMs: 50,
  })
  const tables: Tables = createTables((slots) => ({
    pools,
    waiting,
    shared: view,
    slots,
    healthOf,
    retriesOf: ({ name, retry }, slot) =>
      createRetryBudget({ health, slot, settings: retry, observe: (outcome) => retried(name, outcome) }),
    openCredential: (upstream) => openCredential(registry, upstream),
    depsAt,
  }))

  const pace = {
    idleMs: config.GATEWAY_BODY_IDLE_TIMEOUT_MS,
    leastBytesPerSecond: config.GATEWAY_LEAST_BYTES_PER_SECOND,
  }
  const parts: HandleParts = {
    holdTable() {
      metrics.started()
      return tables.hold()
    },
    limits: {
      certificateOf: proxiedCertificates === 'off' ? undefined : certificateOf,
      maxUrlBytes: config.GATEWAY_MAX_URL_BYTES,
      maxHeaders: config.GATEWAY_MAX_HEADERS,
      maxHeaderBytes: config.GATEWAY_MAX_HEADER_BYTES,
      maxBodyBytes: config.GATEWAY_MAX_BODY_BYTES,
      isTrustedProxy,
    },
    pace,
    now: Date.now,
    beginTrace: tracing?.begin,
    isDraining: () => isDraining,
    observe(x, timing) {
      metrics.observe(x, timing)
      traffic.observe(x, timing)
      if (x.identity) used.called(x.identity as ServedIdentity, x.startedAt)
      accessLog.write(x, timing)
      if (x.trace) tracing?.record(x, x.trace, timing)
    },
  }
  const upgrades = createUpgrades(parts)
  const takesCertificates =
    proxiedCertificates !== 'off' ||
    (start.tls !== undefined && config.GATEWAY_TLS_CLIENT_CERTIFICATE !== 'off')
  const authorizationServer = createAuthorizationServerApp({
    registry,
    issuer: publicUrl,
    log,
    signer,
    resources: createResources(() => tables.snapshot(), publicUrl),
    fetchJwks,
    dpop,
    isDpopNonceRequired: config.GATEWAY_DPOP_NONCE === 'required',
    people: peopleOf(config, issuer),
    secretUsed: (id) => used.shown(id, Date.now()),
    takesRegistrations: config.GATEWAY_CLIENT_REGISTRATION === 'token',
    takesCertificates,
    mtlsUrl: config.GATEWAY_MTLS_URL,
    protectedResource: createProtectedResources({
      snapshot: () => tables.snapshot(),
      publicUrl,
      takesCertificates: takesCertificates || config.GATEWAY_MTLS_URL !== undefined,
    }),
    certificateOf,
    addressOf: addressWith(parts.limits.isTrustedProxy),
    bodyTimeoutMs: config.GATEWAY_BODY_IDLE_TIMEOUT_MS,
  })
  const connections = createConnections({
    cells: start.shared.connections,
    thread: start.thread,
    maxInAll: config.GATEWAY_MAX_CONNECTIONS,
    maxPerNetwork: config.GATEWAY_MAX_CONNECTIONS_PER_ADDRESS,
    isTrustedProxy,
  })
  const { slowReaderCut } = addConnectionMetrics(metrics.registry, connections)
  const endCutting = cutOffSlowReaders(connections.open, pace, slowReaderCut)
  const listeners = createListeners({
    config,
    connections,
    tls: start.tls,
    serve: createServe(parts, authorizationServer),
    isForNode: isAuthorizationServers,
    upgrades,
    onUnreadable: metrics.unreadable,
    onTlsFailure: metrics.tlsFailed,
  })

  const touch = setInterval(() => {
    metrics.identities(keys.size + tokens.size)
    if (used.size === 0 || steadyClock() - touchedAt < used.size * touchMsPerCredential) return
    touchedAt = steadyClock()
    // When a credential was last used is good to know, but not worth a retry.
    touchCredentials(registry, used.take()).catch(() => metrics.storeFailed())
  }, touchEveryMs)

  return {
    listeners,
    tables,
    identities: [keys, tokens],
    signer,
    externalTokens,
    metrics,
    async drain({ delayMs, withinMs }) {
      isDraining = true
      await wait(delayMs)
      clearInterval(touch)
      await listeners.close(withinMs)
      endCutting()
      clearInterval(tending)
      await leases.drain()
      breaker.end()
      metrics.end()
      traffic.end()
      const spansSent = tracing?.close()
      if (used.size > 0) await touchCredentials(registry, used.take()).catch(() => {})
      await pools.closeAll()
      accessLog.flush()
      await spansSent
      await closeRedis(registry.redis)
    },
  }
}

/** What is logged of a second is the gateway's; each thread has its share. */
const callsOfThread = (config: Config, { shared }: WorkerStart) =>
  Math.ceil(config.GATEWAY_REQUEST_LOG_PER_SECOND / shared.threads)

const addressWith = (isTrusted: NetworkSet) => (req: IncomingMessage) =>
  clientAddress(
    plainAddress(req.socket.remoteAddress),
    req.headers['x-forwarded-for'] as string | undefined,
    isTrusted,
  )

type App = (req: IncomingMessage, res: ServerResponse) => void

const isAuthorizationServers = (url: string) => url.startsWith('/oauth2/') || url.startsWith('/.well-known/')

/** The authorization server's own paths go to it, all else to the handler of calls. */
function createServe(parts: HandleParts, authorizationServer: App) {
  const handle = createHandler(parts)
  return function serve(req: CallerRequest, res: CallerResponse): void {
    if ('whole' in req || !isAuthorizationServers(req.url ?? '')) handle(req, res)
    else if (isHttp2(req)) void serveByApp(authorizationServer, req, res as never, parts.pace)
    else {
      const node = res as ServerResponse
      if (req.headers.expect !== undefined && req.httpVersion !== '1.0') node.writeContinue()
      authorizationServer(req, node)
    }
  }
}
