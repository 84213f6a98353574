import './oauth-servers/quiet.ts' // before what it makes quiet
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** An OpenID provider of a bank, in which Ada signs in at once; or does not, when she is told to refuse. */
export async function startUpstreamProvider() {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const said: { refuses: boolean; prompts: string[]; asked: Record<string, unknown>[] } = {
    refuses: false,
    prompts: [],
    asked: [],
  }
  const clients: object[] = []
  let handle: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => res.end()
  server.on('request', (req, res) => handle(req, res))
  return {
    issuer,
    said,
    /** Registers us, once we know where we are. */
    register(redirectUri: string, clientSecret: string) {
      clients.push({
        client_id: 'gateway',
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
      })
      const provider = new Provider(issuer, {
        clients,
        cookies: { keys: ['a key of the test'] },
        claims: { profile: ['name'] },
        conformIdTokenClaims: false,
        features: { devInteractions: { enabled: false } },
        pkce: { required: () => true },
        acrValues: ['urn:bank:strong'],
        interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
        findAccount: (_ctx: unknown, sub: string) => ({
          accountId: sub,
          claims: async () => ({ sub, name: 'Ada of Upstream' }),
        }),
      })
      const own = provider.callback()
      handle = (req, res) => {
        if (!req.url!.startsWith('/interaction/')) return own(req, res)
        decide(provider, req, res).catch((error) => {
          res.statusCode = 500
          res.end(String(error))
        })
      }
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }

  async function decide(provider: Provider, req: IncomingMessage, res: ServerResponse) {
    const { prompt, params } = await provider.interactionDetails(req, res)
    said.prompts.push(prompt.name)
    said.asked.push(params)
    if (said.refuses) return provider.interactionFinished(req, res, { error: 'access_denied' })
    if (prompt.name === 'login')
      return provider.interactionFinished(req, res, {
        login: { accountId: 'upstream-ada', acr: 'urn:bank:strong' },
      })
    const grant = new provider.Grant({ accountId: 'upstream-ada', clientId: String(params.client_id) })
    grant.addOIDCScope('openid profile')
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
  }
}
