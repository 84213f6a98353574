import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import { tokenExchange } from '../../../registry/oauth-model.ts'
import { findToken } from '../../../registry/tokens.ts'
import { faultKinds, insideWords } from '../../support/faulty-redis.ts'
import type { Page } from '../../support/oauth-servers/browser.ts'
import {
  ask,
  clientCredentials,
  decide,
  discover,
  dpopOf,
  introspect,
  obtain,
} from '../../support/oauth-servers/flow.ts'
import { type OurServer, startOurs } from '../../support/oauth-servers/ours.ts'
import type { TestClient } from '../../support/oauth-servers/server.ts'

/**
 * Each call that an endpoint makes to its store goes wrong once, in each way in which it can: whatever is answered
 * then tells nothing of the inside, nothing is given out that the store does not know, and who tries again is served.
 */

let server: OurServer
let client: TestClient
let app: TestClient
let bank: TestClient
beforeAll(async () => {
  server = await startOurs()
  client = await server.register({
    grants: ['client_credentials', 'authorization_code', 'refresh_token', tokenExchange],
  })
  app = await server.register({
    authentication: 'none',
    grants: ['authorization_code', 'refresh_token'],
  })
  bank = await server.register({
    profile: 'fapi2',
    authentication: 'private_key_jwt',
    senderConstraint: 'dpop',
  })
})
afterAll(() => server?.close())

const post = (path: string, form: Record<string, string>, of = client) =>
  fetch(server.issuer + path, {
    method: 'POST',
    body: new URLSearchParams({ ...form, ...(of.secret === '' && { client_id: of.id }) }),
    headers: of.secret === '' ? {} : { authorization: `Basic ${btoa(`${of.id}:${of.secret}`)}` },
    redirect: 'manual',
  })

interface Scene {
  /** What must be there before; @returns the request that is made while the store fails. */
  prepare(): Promise<() => Promise<Response>>
  /** Of an answer that says that all is well, of one more try included. */
  check?(answer: Response, body: string): Promise<void>
  /** What is used up at its first use may be lost with an answer: then the way begins anew. */
  readonly isOnce?: boolean
}

const grant = { grant_type: 'client_credentials' }
const isLive = async (token: string) => (await introspect(server, client, token)).active
/** A token that was given out is one that the store knows. */
const hasLiveToken = (of: () => TestClient) => async (_answer: Response, body: string) => {
  const { access_token } = JSON.parse(body) as { access_token: string }
  const { active } = await introspect(server, client, access_token)
  // One client learns nothing of the token of another: that one is used as its own client would.
  if (of() === client) expect(active).toBe(true)
  else expect(await findToken(server.registry, access_token)).toMatchObject({ credentialId: of().id })
}
const codeForm = async (of: TestClient) => {
  const asked = await ask(server, of)
  const answer = await decide(server, of, asked)
  return {
    grant_type: 'authorization_code',
    code: answer.get('code')!,
    redirect_uri: of.redirectUri,
    code_verifier: asked.verifier,
  }
}
const refreshForm = async (of: TestClient) => ({
  grant_type: 'refresh_token',
  refresh_token: (await obtain(server, of)).tokens.refresh_token!,
})
const asResponse = ({ body, status, headers }: Page) => new Response(body, { status, headers })
const open = (url: URL) => () => fetch(url, { redirect: 'manual' })

const scenes: Record<string, Scene> = {
  'client credentials': {
    prepare: async () => () => post('/oauth2/token', grant),
    check: hasLiveToken(() => client),
  },
  introspection: {
    async prepare() {
      const { access_token: token } = await clientCredentials(server, client)
      return () => post('/oauth2/introspect', { token })
    },
    async check(_answer, body) {
      expect(JSON.parse(body)).toMatchObject({ active: true })
    },
  },
  'revocation of an access token': {
    async prepare() {
      const { access_token: token } = await clientCredentials(server, client)
      revoked = token
      return () => post('/oauth2/revoke', { token })
    },
    async check() {
      expect(await isLive(revoked)).toBe(false)
    },
  },
  'revocation of a refresh token': {
    async prepare() {
      const { tokens } = await obtain(server, client)
      revoked = tokens.access_token
      return () => post('/oauth2/revoke', { token: tokens.refresh_token! })
    },
    async check() {
      expect(await isLive(revoked)).toBe(false)
    },
  },
  'a pushed request': {
    async prepare() {
      const { url } = await ask(server, client)
      url.searchParams.delete('request_uri')
      const form = Object.fromEntries(url.searchParams)
      return () => post('/oauth2/par', form)
    },
    async check(_answer, body) {
      const { request_uri } = JSON.parse(body) as { request_uri: string }
      const query = new URLSearchParams({ client_id: client.id, request_uri })
      const back = await server.browse(new URL(`${server.issuer}/oauth2/authorize?${query}`))
      expect(back.searchParams.get('code')).toEqual(expect.any(String))
    },
  },
  'an authorization request': {
    prepare: async () => open((await ask(server, client)).url),
    async check(answer) {
      expect(answer.headers.get('location')).toContain('/oauth2/interaction/')
    },
  },
  'an authorization request that was pushed': {
    prepare: async () => open((await ask(server, client, { isPushed: true })).url),
    async check(answer) {
      expect(answer.headers.get('location')).toContain('/oauth2/interaction/')
    },
  },
  'the question to a person': {
    async prepare() {
      const { url } = await ask(server, client)
      const { first, reload } = await server.question(url)
      expect(first.status).toBe(200)
      return async () => asResponse(await reload())
    },
    async check(_answer, body) {
      expect(body).toContain('payments:read')
    },
  },
  'the decision of a person': {
    async prepare() {
      const { url } = await ask(server, client)
      const { decide: say } = await server.question(url)
      return async () => asResponse(await say!('allow'))
    },
    async check(answer) {
      expect(new URL(answer.headers.get('location')!).searchParams.get('code')).toEqual(expect.any(String))
    },
    isOnce: true,
  },
  'a code': {
    async prepare() {
      const form = await codeForm(client)
      return () => post('/oauth2/token', form)
    },
    check: hasLiveToken(() => client),
    isOnce: true,
  },
  'a refresh token that is replaced': {
    async prepare() {
      const form = await refreshForm(app)
      return () => post('/oauth2/token', form, app)
    },
    check: hasLiveToken(() => app),
  },
  'token exchange': {
    async prepare() {
      const { tokens } = await obtain(server, client)
      const form = {
        grant_type: tokenExchange,
        subject_token: tokens.access_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }
      return () => post('/oauth2/token', form)
    },
    check: hasLiveToken(() => client),
  },
  'a proof of possession and an assertion': {
    async prepare() {
      const dpop = await dpopOf(bank)
      const as = await discover(server)
      return () =>
        oauth.clientCredentialsGrantRequest(
          as,
          bank.metadata,
          bank.auth,
          {},
          {
            ...server.options(bank),
            DPoP: dpop,
          },
        )
    },
    check: hasLiveToken(() => bank),
  },
  registration: {
    prepare: async () => () =>
      fetch(`${server.issuer}/oauth2/register`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${server.registrationToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ client_name: 'Shop', grant_types: ['client_credentials'] }),
      }),
    async check(_answer, body) {
      const { client_id, client_secret } = JSON.parse(body) as Record<string, string>
      const registered = { ...client, id: client_id!, secret: client_secret! }
      expect((await post('/oauth2/token', grant, registered)).status).toBe(200)
    },
  },
  'the metadata of a resource': {
    prepare: async () => () => fetch(`${server.issuer}/.well-known/oauth-protected-resource/bank/v1`),
  },
  'the keys': {
    prepare: async () => () => fetch(`${server.issuer}/oauth2/jwks`),
    async check(_answer, body) {
      expect((JSON.parse(body) as { keys: unknown[] }).keys).toHaveLength(1)
    },
  },
}
let revoked: string

/** As an OAuth error, as a page, or at the client's redirect URI (RFC 6749 §4.1.2.1): what went wrong, in its terms. */
function faultOf(answer: Response, body: string): string | undefined {
  const location = answer.headers.get('location')
  if (location !== null) return new URL(location).searchParams.get('error') ?? undefined
  if (answer.status < 400) return undefined
  if (answer.headers.get('content-type')?.startsWith('text/html'))
    return answer.status === 503 ? 'temporarily_unavailable' : 'server_error'
  return (JSON.parse(body) as { error: string }).error
}

describe.each(Object.entries(scenes))('%s, with the store failing', (_name, { prepare, check, isOnce }) => {
  test('at each of its calls in turn', async () => {
    const undisturbed = await prepare()
    server.faults.watch()
    const good = await undisturbed()
    const calls = [...server.faults.calls]
    expect(good.status).toBeLessThan(400)
    await check?.(good, await good.text())

    for (const [call, command] of calls.entries())
      for (const fault of faultKinds) {
        const request = await prepare()
        server.faults.watch({ call, fault })
        const answer = await request()
        const body = await answer.text()
        server.faults.watch()
        const error = faultOf(answer, body)
        const what = `${fault} at ${command} (${call + 1} of ${calls.length}): ${answer.status} ${body}`
        const told = body + (answer.headers.get('location') ?? '')
        expect([what, insideWords.test(told)]).toEqual([what, false])
        if (error === undefined) {
          await check?.(answer, body)
          continue
        }
        const expected = fault === 'odd refusal' ? 'server_error' : 'temporarily_unavailable'
        expect([what, error]).toEqual([what, expected])
        expect(answer.headers.get('cache-control')).toContain('no-store')
        const again = await request()
        const text = await again.text()
        if (isOnce && again.status === 400) expect(text).toMatch(/"invalid_grant"|This page has ended/)
        else {
          expect([what, again.status, text]).toEqual([what, good.status, text])
          await check?.(again, text)
        }
      }
  }, 120_000)
})

test('what went wrong was logged, without anything secret', () => {
  const all = server.logged.join('\n')
  expect(all).toContain('ECONNREFUSED')
  expect(all).not.toContain(client.secret)
  expect(all).not.toMatch(/pgt_(live|test)_/)
})
