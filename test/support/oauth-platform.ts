import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { createAuthorizationServerApp } from '../../gateway/authorization-server.ts'
import type { PeopleParts } from '../../gateway/people/people.ts'
import { createDemoSource } from '../../policies/oauth2/people/index.ts'
import { createApi } from '../../registry/apis.ts'
import { createApplication } from '../../registry/applications.ts'
import { createCredential } from '../../registry/credentials.ts'
import type { FetchJwks } from '../../registry/oauth-keys.ts'
import { ClientSettings } from '../../registry/oauth-model.ts'
import { createPartner } from '../../registry/partners.ts'
import { createSigner } from '../../registry/signing-keys.ts'
import type { Registry } from '../../registry/store.ts'
import { createSubscription } from '../../registry/subscriptions.ts'
import { createVersion } from '../../registry/versions.ts'
import { dpopVerifier } from './dpop.ts'

const actor = { id: 'test' }

export type Party = Awaited<ReturnType<typeof registerParty>>

/** A partner with an application, subscribed to a version, and an OAuth client for it. */
export async function registerParty(
  r: Registry,
  name: string,
  scopes: string[] = ['payments:read', 'payments:write'],
) {
  const api = await createApi(r, actor, { name: `payments-${name}`, title: 'Payments' })
  const routing = { by: 'path', basePath: `/${name}/v1` } as const
  const version = await createVersion(r, actor, api.value.id, { name: 'v1', routing })
  const partner = await createPartner(r, actor, { name, title: name })
  const application = await createApplication(r, actor, partner.value.id, { name: 'till', title: 'Till' })
  await createSubscription(r, actor, application.value.id, { versionId: version.value.id, scopes })
  const { credential, secret } = await createCredential(r, actor, application.value.id, {
    kind: 'oauth-client',
    environment: 'sandbox',
    oauth: ClientSettings.parse({
      grants: ['client_credentials', 'authorization_code'],
      redirectUris: ['https://shop.example/back'],
    }),
  })
  return {
    partnerId: partner.value.id,
    applicationId: application.value.id,
    versionId: version.value.id,
    clientId: credential.value.id,
    secret,
  }
}

const noKeys: FetchJwks = async () => {
  throw new Error('this test fetches no keys')
}

/** As by default, with the people of the demo. */
const peopleByDefault: PeopleParts = {
  source: createDemoSource(),
  bank: 'Bank of Aldermoor',
  sessionIdleMs: 900_000,
  sessionMs: 28_800_000,
  rememberConsentMs: 7_776_000_000,
}

/** The authorization server's app on a free port of its own, and what it logged. */
export async function startAuthorizationServer(
  registry: Registry,
  fetchJwks: FetchJwks = noKeys,
  people: Partial<PeopleParts> = {},
) {
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) })
  const server = createServer((req, res) => app(req, res))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  server.unref() // one whose start fails further on is closed by nobody
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signer = createSigner(registry)
  const app = createAuthorizationServerApp({
    registry,
    issuer,
    log,
    signer,
    fetchJwks,
    dpop: dpopVerifier(registry.now),
    takesRegistrations: true,
    people: { ...peopleByDefault, ...people },
  })
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return { issuer, logged, close }
}
