import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import * as oauth from 'oauth4webapi'
import { pino } from 'pino'
import { createAuthorizationServerApp } from '../../../gateway/authorization-server.ts'
import { keepClientCertificate } from '../../../gateway/tls/client-certificate.ts'
import { createCredential } from '../../../registry/credentials.ts'
import { createSigner, createSigningKey } from '../../../registry/signing-keys.ts'
import type { Registry } from '../../../registry/store.ts'
import type { Authority } from '../certificates.ts'
import { dpopVerifier } from '../dpop.ts'
import { type FaultPlan, withFaults } from '../faulty-redis.ts'
import { registerParty } from '../oauth-platform.ts'
import { stopSharedRedis, testRegistry } from '../redis.ts'
import { openBrowser } from './browser.ts'
import { fetchWith } from './fetch-with.ts'
import { settle, type TestServer, testClient } from './server.ts'

const actor = { id: 'test' }

export interface OurServer extends TestServer {
  /** Of what the server asks of its store. */
  readonly faults: FaultPlan
  /** What it wrote to its log. */
  readonly logged: string[]
  readonly registry: Registry
}

/** Ours, with a registry on a real Redis. */
export async function startOurs(authority?: Authority): Promise<OurServer> {
  const registry = await testRegistry()
  const { redis, plan: faults } = withFaults(registry.redis)
  const logged: string[] = []
  await createSigningKey(registry, actor, { algorithm: 'ES256', signsFrom: 0 })
  const party = await registerParty(registry, 'bank')
  const server = authority
    ? createTlsServer({
        ...authority.server(['127.0.0.1']),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: false,
      })
    : createServer()
  server.on('secureConnection', (socket: TLSSocket) => keepClientCertificate(socket))
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const scheme = authority ? 'https' : 'http'
  const issuer = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on(
    'request',
    createAuthorizationServerApp({
      registry: { ...registry, redis },
      issuer,
      log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
      signer: createSigner(registry),
      fetchJwks: async () => {
        throw new Error('no test has keys elsewhere')
      },
      dpop: dpopVerifier(registry.now),
    }),
  )
  return {
    name: 'ours',
    faults,
    logged,
    registry,
    issuer,
    resource: `${issuer}/bank/v1`,
    jwtResource: `${issuer}/jwt/v1`,
    registrationToken: '',
    async register(wish = {}) {
      const { settings, keys } = await settle(wish)
      const { credential, secret } = await createCredential(registry, actor, party.applicationId, {
        kind: 'oauth-client',
        environment: 'sandbox',
        oauth: settings,
      })
      const { id } = credential.value
      return testClient({ id, secret, settings, keys, certificate: wish.certificate })
    },
    async browse(url) {
      const page = await openBrowser(fetchWith(authority?.cert)).go(url)
      if (!page.left) throw new Error(`${page.status} ${page.body}`)
      return page.left
    },
    options: (client) => ({
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: fetchWith(authority?.cert, client?.certificate),
    }),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(() => done()))
      await registry.close()
      await stopSharedRedis()
    },
  }
}
