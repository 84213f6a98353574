import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import {
  type AuthorizationServer,
  type AuthorizationServerDeps,
  createAuthorizationServer,
  maxFormBytes,
  type OAuthAnswer,
  type OAuthClient,
  type Resources,
} from '../policies/oauth2/index.ts'
import { answerSilently, createPeoplePages, untrustedRequestPage } from '../policies/oauth2/people/index.ts'
import { createRegistration } from '../policies/oauth2/registration/endpoint.ts'
import type { DpopVerifier } from '../policies/proof/dpop.ts'
import { createPublicKeys } from '../policies/proof/keys.ts'
import type { Log } from '../registry/base/log.ts'
import { Problem } from '../registry/base/problem.ts'
import { hashSecret } from '../registry/base/secrets.ts'
import { withdrawnAt } from '../registry/consents.ts'
import {
  type FoundClient,
  findClient,
  findClientBySecret,
  findIdentityByToken,
} from '../registry/credentials.ts'
import { takeTokens } from '../registry/limits.ts'
import type { FetchJwks } from '../registry/oauth-keys.ts'
import { ClientSettings } from '../registry/oauth-model.ts'
import { createOnce } from '../registry/one-time.ts'
import { withoutSlash } from '../registry/resources.ts'
import type { Signer } from '../registry/signing-keys.ts'
import type { Registry } from '../registry/store.ts'
import { findResources } from '../registry/subscribed-resources.ts'
import { findFamily, openFamily, revokeFamily } from '../registry/token-families.ts'
import { findToken, revokeToken } from '../registry/tokens.ts'
import { checkFraming, hostName } from './exchange.ts'
import { createIssuing } from './issue-token.ts'
import { closeAfterAnswer } from './linger.ts'
import { nobody, type PeopleParts, peopleDepsOf } from './people/people.ts'
import type { FindProtectedResource } from './protected-resources.ts'
import { registrationDepsOf } from './registration.ts'
import { noResources } from './resources.ts'
import type { CertificateOf } from './tls/certificates-of.ts'
import { clientCertificateOf } from './tls/client-certificate.ts'

export interface AuthorizationServerParts {
  readonly registry: Registry
  /** What partners see before `/oauth2/token`. */
  readonly issuer: string
  readonly log: Log
  readonly signer: Signer
  /** What is published, for the form of tokens. Absent: nothing, and all are opaque. */
  readonly resources?: () => Resources
  /** Finds the metadata of a resource (RFC 9728). Absent: there are none. */
  readonly protectedResource?: FindProtectedResource
  readonly fetchJwks: FetchJwks
  readonly dpop: DpopVerifier
  readonly isDpopNonceRequired?: boolean
  /** Whether clients may register themselves. Absent: they may not. */
  readonly takesRegistrations?: boolean
  /** Absent: nobody signs in. */
  readonly people?: PeopleParts
  /** Whether callers are asked for a certificate of their own. Absent: they are. */
  readonly takesCertificates?: boolean
  /** Where they are, if that is somewhere else. */
  readonly mtlsUrl?: string | undefined
  /** The caller's address behind trusted proxies; failed attempts are counted by it. Absent: that of the socket. */
  readonly addressOf?: (req: IncomingMessage) => string
  /** The caller's certificate. Absent: that of the connection. */
  readonly certificateOf?: CertificateOf | undefined
  /** Told which client secret was shown. */
  readonly secretUsed?: (secretId: string) => void
  /** Longest wait for the whole body. */
  readonly bodyTimeoutMs?: number
}

/** Serves `/oauth2/…` and `/.well-known/oauth-authorization-server`. The only use of express in the gateway. */
export function createAuthorizationServerApp(
  parts: AuthorizationServerParts,
): (req: IncomingMessage, res: ServerResponse) => void {
  const issuer = withoutSlash(parts.issuer)
  const deps = depsOf(parts, issuer)
  const peopleDeps = peopleDepsOf(parts.registry, parts.people ?? nobody(issuer), deps)
  const people = createPeoplePages(peopleDeps)
  const server = createAuthorizationServer(deps, {
    canSignIn: peopleDeps.source !== undefined,
    answerSilently: (...given) => answerSilently(peopleDeps, ...given),
    refusal: (req, error) => untrustedRequestPage(peopleDeps, req, error.message),
  })
  const certificateOf = parts.certificateOf ?? (({ socket }) => clientCertificateOf(socket))
  const addressOf = parts.addressOf ?? ((req) => req.socket.remoteAddress ?? '')

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(readableOnce, endLate(parts.bodyTimeoutMs ?? 30_000))
  // As text, of any type: the server itself parses the form, more strictly, and refuses what is none.
  app.use(express.text({ type: () => true, limit: maxFormBytes, inflate: false }))
  const serve = (endpoint: AuthorizationServer['token']) => async (req: Request, res: Response) => {
    const rawBody = typeof req.body === 'string' ? req.body : ''
    const cut = req.url.indexOf('?')
    const request = {
      method: req.method,
      path: cut < 0 ? req.url : req.url.slice(0, cut),
      query: cut < 0 ? '' : req.url.slice(cut + 1),
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      rawBody,
      ip: addressOf(req),
      clientCertificate: certificateOf(req),
    }
    send(res, await endpoint(request))
  }
  app.all('/oauth2/authorize', serve(server.authorize))
  app.all('/oauth2/par', serve(server.push))
  app.all('/oauth2/token', serve(server.token))
  app.all('/oauth2/revoke', serve(server.revoke))
  app.all('/oauth2/introspect', serve(server.introspect))
  if (parts.takesRegistrations) {
    const registration = createRegistration(registrationDepsOf(parts.registry, deps))
    app.all('/oauth2/register', serve(registration.register))
    app.all('/oauth2/register/:id', (req, res) =>
      serve((asked) => registration.manage(asked, req.params.id))(req, res),
    )
  }
  app.get('/oauth2/jwks', async (_req, res) => send(res, await server.jwks()))
  app.all('/oauth2/interaction/:id', (req, res) =>
    serve((asked) => people.interaction(asked, req.params.id))(req, res),
  )
  app.all('/oauth2/account', serve(people.account))
  app.all('/oauth2/upstream-login', serve(people.upstreamReturn))
  // RFC 8414 §3.1: an issuer with a path has its metadata at the well-known path followed by its own.
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  app.get(`/.well-known/oauth-authorization-server${path}`, (_req, res) => send(res, server.metadata()))
  app.use('/.well-known/oauth-protected-resource', (req, res, next) => {
    const found =
      req.method === 'GET' && parts.protectedResource?.(hostName(req.headers.host), pathOf(req.originalUrl))
    if (found) send(res, publicJson(found))
    else next()
  })
  app.use((_req, res) => refuse(res, 404, 'There is nothing at this address'))
  // Express tells an error handler by its four parameters.
  app.use((error: { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
    if (res.headersSent) return // it was late, and has its answer
    if (error instanceof Problem) return refuse(res, error.row.status, error.detail ?? error.row.title)
    const status = error.status ?? 500
    if (status >= 500) parts.log.error({ err: error }, 'the authorization server failed')
    refuse(res, status, status === 413 ? `Send at most ${maxFormBytes} bytes` : 'The body cannot be read')
  })
  return app
}

/** What two programs could read as two requests is refused here as everywhere. @throws Problem request-malformed */
const readableOnce: RequestHandler = (req, _res, next) => {
  checkFraming(req, req.rawHeaders)
  next()
}

/** A form is small, and strangers may send one: it comes whole in the time in which another body may be silent. */
function endLate(withinMs: number): RequestHandler {
  return (req, res, next) => {
    const timer = setTimeout(() => {
      res.set('Connection', 'close')
      closeAfterAnswer(req)
      refuse(res, 408, 'The body stopped arriving')
    }, withinMs)
    req.once('end', () => clearTimeout(timer))
    res.once('close', () => clearTimeout(timer))
    next()
  }
}

function depsOf(
  {
    registry,
    signer,
    fetchJwks,
    dpop,
    isDpopNonceRequired = false,
    takesCertificates = true,
    mtlsUrl,
    takesRegistrations = false,
    secretUsed,
    log,
    resources = () => noResources,
  }: AuthorizationServerParts,
  issuer: string,
): AuthorizationServerDeps {
  return {
    issuer,
    now: registry.now,
    findClientBySecret: async (clientId, secret) => {
      const found = await findClientBySecret(registry, clientId, secret)
      if (found?.secretId !== undefined) secretUsed?.(found.secretId)
      return found && clientOf(found)
    },
    findClient: async (clientId) => {
      const found = await findClient(registry, clientId)
      return found && clientOf(found)
    },
    issueToken: createIssuing({ registry, issuer, signer, resources }),
    findToken: (token) => findToken(registry, token),
    findLiveToken: async (token) => (await findIdentityByToken(registry, token))?.grant ?? undefined,
    revokeToken: (token) => revokeToken(registry, token),
    hashOfToken: (token) => hashSecret(registry.secrets.hashKey, token),
    resourcesOf: ({ applicationId }) => findResources(registry, applicationId, issuer),
    families: {
      open: (given) => openFamily(registry, given),
      find: (id) => findFamily(registry, id),
      revoke: (id) => revokeFamily(registry, id),
      withdrawnAt: (subject, clientId) => withdrawnAt(registry, subject, clientId),
    },
    once: createOnce(registry),
    signJwt: signer.sign,
    jwks: signer.jwks,
    fetchJwks,
    dpop,
    publicKeys: createPublicKeys(),
    takesCertificates,
    mtlsUrl: mtlsUrl && withoutSlash(mtlsUrl),
    isDpopNonceRequired,
    takesRegistrations,
    takeTokens: (take) => takeTokens(registry, take),
    refused: (clientId, reason) => log.warn({ clientId, reason }, 'a client was refused'),
    report: (error) => log.error({ err: error }, 'the authorization server failed'),
  }
}

function clientOf({ credential, scopes }: FoundClient): OAuthClient {
  const {
    id,
    applicationId,
    partnerId,
    environment,
    title,
    tokenLifetimeSeconds,
    expiresAt,
    tokensNotBefore,
  } = credential
  const settings = credential.oauth ?? ClientSettings.parse({})
  return {
    id,
    applicationId,
    partnerId,
    environment,
    title,
    tokenLifetimeSeconds,
    expiresAt,
    scopes,
    settings,
    tokensNotBefore,
  }
}

const pathOf = (url: string) => url.split('?', 1)[0]!.replace(/\/$/, '')

const publicJson = (body: object): OAuthAnswer => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
  body: JSON.stringify(body),
})

function send(res: Response, { status, headers, cookies = [], body }: OAuthAnswer): void {
  res.status(status).set(headers)
  if (cookies.length > 0) res.append('Set-Cookie', [...cookies])
  res.end(body)
}

function refuse(res: Response, status: number, description: string): void {
  const error = status >= 500 ? 'server_error' : 'invalid_request'
  res.status(status).set({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  res.end(JSON.stringify({ error, error_description: description }))
}
