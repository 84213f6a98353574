import { z } from 'zod'
import { Scope } from '../../registry/model.ts'
import { type Outgoing, sendToGateway } from './send.ts'

export const TokenRequest = z
  .strictObject({
    clientId: z.string().min(1).max(200),
    clientSecret: z.string().min(1).max(400).describe('Goes to the gateway and nowhere else.'),
    scopes: z.array(Scope).max(200).default([]).describe('None: all that the client may have.'),
  })
  .meta({ id: 'TokenRequest' })
export type TokenRequest = z.infer<typeof TokenRequest>

export const TokenAnswer = z
  .object({
    accessToken: z.string().nullable().describe('`null`: refused, see `error`.'),
    expiresInSeconds: z.number().nullable(),
    scopes: z.array(z.string()),
    error: z.string().nullable().describe('Code of RFC 6749 §5.2, e.g. `invalid_client`.'),
    errorDescription: z.string(),
  })
  .meta({ id: 'TokenAnswer' })

const Told = z.object({
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
  scope: z.string().default(''),
  error: z.string().optional(),
  error_description: z.string().default(''),
})

/** Asks our own authorization server for a token, as the client itself would (RFC 6749 §4.4). */
export async function askForToken(
  base: URL,
  host: string,
  address: string,
  asked: TokenRequest,
): Promise<z.infer<typeof TokenAnswer>> {
  const answer = await sendToGateway(base, tokenCall(host, address, asked))
  const told = Told.safeParse(parsed(answer.body)).data
  return {
    accessToken: told?.access_token ?? null,
    expiresInSeconds: told?.expires_in ?? null,
    scopes: told?.scope.split(' ').filter(Boolean) ?? [],
    error: told?.access_token ? null : (told?.error ?? 'server_error'),
    errorDescription: told?.error_description ?? '',
  }
}

function tokenCall(
  host: string,
  address: string,
  { clientId, clientSecret, scopes }: TokenRequest,
): Outgoing {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  const body = Buffer.from(form.toString())
  // Both are encoded as in a form before they are joined (RFC 6749 §2.3.1).
  const pair = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const headers = {
    authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    accept: 'application/json',
    'x-forwarded-for': address,
    'accept-encoding': 'identity',
    'user-agent': 'console',
  }
  return { method: 'POST', path: '/oauth2/token', host, headers, body }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
