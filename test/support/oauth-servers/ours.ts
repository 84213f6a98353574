import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import * as oauth from 'oauth4webapi'
import { pino } from 'pino'
import { createAuthorizationServerApp } from '../../../gateway/authorization-server.ts'
import { createProtectedResources } from '../../../gateway/protected-resources.ts'
import { createResources } from '../../../gateway/resources.ts'
import { keepClientCertificate } from '../../../gateway/tls/client-certificate.ts'
import type { SubjectSource } from '../../../policies/oauth2/people/index.ts'
import { createCredential } from '../../../registry/credentials.ts'
import { createRegistrationToken } from '../../../registry/registration-tokens.ts'
import { createSigner, createSigningKey } from '../../../registry/signing-keys.ts'
import { currentNumber, loadSnapshot } from '../../../registry/snapshot.ts'
import type { Registry } from '../../../registry/store.ts'
import { createSubscription } from '../../../registry/subscriptions.ts'
import type { Authority } from '../certificates.ts'
import { dpopVerifier } from '../dpop.ts'
import { type FaultPlan, withFaults } from '../faulty-redis.ts'
import { formOf } from '../people.ts'
import { publishDemo, tester } from '../platform.ts'
import { stopSharedRedis, testRegistry } from '../redis.ts'
import { openBrowser, type Page } from './browser.ts'
import { fetchWith } from './fetch-with.ts'
import { type Decision, settle, type TestServer, testClient } from './server.ts'

export interface OurServer extends TestServer {
  /** Of what the server asks of its store. */
  readonly faults: FaultPlan
  /** What it wrote to its log. */
  readonly logged: string[]
  readonly registry: Registry
  /** Brings a person who has signed in before the question of a request, and on to the answer. */
  question(url: URL): Promise<{
    readonly first: Page
    /** Opens the page again. */
    reload(): Promise<Page>
    /** Absent where the browser comes to no question. */
    readonly decide: ((decision: Decision) => Promise<Page>) | undefined
  }>
}

/** Ours, with a registry on a real Redis, two published APIs, and people who can sign in. */
export async function startOurs(authority?: Authority): Promise<OurServer> {
  const registry = await testRegistry()
  const { redis, plan: faults } = withFaults(registry.redis)
  await createSigningKey(registry, tester, { algorithm: 'ES256', signsFrom: 0 })
  const { applicationId } = await publishApis(registry)
  const registration = await createRegistrationToken(registry, tester, applicationId, {
    environment: 'live',
    uses: 1_000,
  })
  const snapshot = await loadSnapshot(registry, await currentNumber(registry))
  const server = authority
    ? createTlsServer({
        ...authority.server(['127.0.0.1']),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: false,
      })
    : createServer()
  server.on('secureConnection', (socket: TLSSocket) => keepClientCertificate(socket))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  server.unref() // one whose start fails further on is closed by nobody
  const scheme = authority ? 'https' : 'http'
  const issuer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const logged: string[] = []
  const app = createAuthorizationServerApp({
    registry: { ...registry, redis },
    issuer,
    log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
    signer: createSigner({ ...registry, redis }),
    resources: createResources(() => snapshot, issuer),
    fetchJwks: async () => {
      throw new Error('no test has keys elsewhere')
    },
    dpop: dpopVerifier(registry.now),
    takesCertificates: authority !== undefined,
    takesRegistrations: true,
    protectedResource: createProtectedResources({
      snapshot: () => snapshot,
      publicUrl: issuer,
      takesCertificates: authority !== undefined,
    }),
    people: {
      source: anybody,
      bank: 'Bank of Aldermoor',
      sessionIdleMs: 900_000,
      sessionMs: 28_800_000,
      rememberConsentMs: 7_776_000_000,
    },
  })
  server.on('request', app)
  const send = fetchWith(authority?.cert)
  let people = 0

  async function question(url: URL) {
    const browser = openBrowser(send)
    const submit = (page: { url: URL; body: string }, step: string, typed: Record<string, string>) => {
      const { action, hidden } = formOf(page.body, step)
      return browser.go(new URL(action, page.url), {
        method: 'POST',
        body: new URLSearchParams({ ...hidden, ...typed }),
        headers: { origin: 'null', 'sec-fetch-site': 'same-origin' },
      })
    }
    const first = await browser.go(url)
    const reload = () => browser.go(first.url)
    if (first.left || first.status !== 200) return { first, reload, decide: undefined }
    // Each time somebody else: what one person allowed once need not be asked again.
    const typed = { username: `person-${++people}`, password: 'any' }
    const asked = await submit(first, 'sign-in', typed)
    return {
      first: asked,
      reload,
      decide: (decision: Decision) =>
        submit(asked, 'decide', { decision: decision === 'allow' ? 'allow' : 'refuse' }),
    }
  }

  return {
    name: 'ours',
    faults,
    logged,
    registry,
    issuer,
    resource: `${issuer}/bank/v1`,
    jwtResource: `${issuer}/jwt/v1`,
    registrationToken: registration.token,
    async register(wish = {}) {
      const { settings, keys } = await settle(wish)
      const { credential, secret } = await createCredential(registry, tester, applicationId, {
        kind: 'oauth-client',
        environment: 'live',
        oauth: settings,
      })
      const { id } = credential.value
      return testClient({ id, secret, settings, keys, certificate: wish.certificate })
    },
    question,
    async browse(url, decision = 'allow') {
      const { first, decide } = await question(url)
      const last = decide && !first.left ? await decide(decision) : first
      if (!last.left) throw new Error(`${last.status} ${last.body}`)
      return last.left
    },
    options: (client) => ({
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: fetchWith(authority?.cert, client?.certificate),
    }),
    async close() {
      await new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      })
      await registry.close()
      await stopSharedRedis()
    },
  }
}

/** Whoever says who they are is believed. */
const anybody: SubjectSource = {
  kind: 'password',
  signIn: async ({ userName }) => ({ outcome: 'signed-in', subject: userName, displayName: userName }),
  confirm: async () => ({ outcome: 'refused' }),
}

/** Two, one of which wants signed tokens, and an application that is subscribed to both. */
async function publishApis(registry: Registry) {
  const platform = { registry, env: {}, gateway: undefined as never, close: async () => {} }
  const options = { targets: [{ url: 'http://127.0.0.1:9' }], document }
  const bank = await publishDemo(platform, { ...options, name: 'bank' })
  const signed = await publishDemo(platform, { ...options, name: 'jwt', accessTokens: 'jwt' })
  await createSubscription(registry, tester, bank.applicationId, { versionId: signed.versionId })
  return bank
}

const operation = (scope: string) => ({
  operationId: scope.replace(':', '-'),
  security: [{ oauth2: [scope] }],
  responses: { 200: { description: 'done' } },
})
const document = Buffer.from(
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Payments', version: '1' },
    paths: {
      '/payments': { get: operation('payments:read'), post: operation('payments:write') },
    },
    components: {
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: '/oauth2/token',
              scopes: { 'payments:read': 'See payments', 'payments:write': 'Make payments' },
            },
          },
        },
      },
    },
  }),
)
