import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { faultKinds, insideWords } from '../../support/faulty-redis.ts'
import { clientCredentials, introspect } from '../../support/oauth-servers/flow.ts'
import { type OurServer, startOurs } from '../../support/oauth-servers/ours.ts'
import type { TestClient } from '../../support/oauth-servers/server.ts'

/**
 * Each call that an endpoint makes to its store goes wrong once, in each way in which it can: whatever is answered
 * then tells nothing of the inside, nothing is given out that the store does not know, and who tries again is served.
 */

let server: OurServer
let client: TestClient
beforeAll(async () => {
  server = await startOurs()
  client = await server.register({ grants: ['client_credentials'] })
})
afterAll(() => server?.close())

const post = (path: string, form: Record<string, string>) =>
  fetch(server.issuer + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
    redirect: 'manual',
  })

interface Scene {
  /** What must be there before; @returns the request that is made while the store fails. */
  prepare(): Promise<() => Promise<Response>>
  /** Of an answer that says that all is well, or of one more try. */
  check?(answer: Response, body: string): Promise<void>
}

const grant = { grant_type: 'client_credentials' }
const isLive = async (token: string) => (await introspect(server, client, token)).active

const scenes: Record<string, Scene> = {
  'client credentials': {
    prepare: async () => () => post('/oauth2/token', grant),
    async check(_answer, body) {
      const { access_token } = JSON.parse(body) as { access_token: string }
      expect(await isLive(access_token)).toBe(true)
    },
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
  'the keys': {
    prepare: async () => () => fetch(`${server.issuer}/oauth2/jwks`),
    async check(_answer, body) {
      expect((JSON.parse(body) as { keys: unknown[] }).keys).toHaveLength(1)
    },
  },
}
let revoked: string

describe.each(Object.entries(scenes))('%s, with the store failing', (_name, { prepare, check }) => {
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
        const what = `${fault} at ${command} (${call + 1} of ${calls.length}): ${answer.status} ${body}`
        expect([what, insideWords.test(body)]).toEqual([what, false])
        if (answer.status < 400) {
          await check?.(answer, body)
          continue
        }
        expect([what, answer.status]).toEqual([what, fault === 'odd refusal' ? 500 : 503])
        expect(JSON.parse(body)).toMatchObject({
          error: answer.status === 503 ? 'temporarily_unavailable' : 'server_error',
        })
        expect(answer.headers.get('cache-control')).toBe('no-store')
        const again = await request()
        const text = await again.text()
        expect([what, again.status]).toEqual([what, good.status])
        await check?.(again, text)
      }
  })
})
