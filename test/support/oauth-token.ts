import type { Shop } from './platform.ts'

/** An access token of the gateway's own authorization server, by client credentials. */
export async function fetchToken(url: string, { clientId, clientSecret }: Shop): Promise<string> {
  const answer = await fetch(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
  })
  if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { access_token: string }).access_token
}
