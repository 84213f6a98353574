import type { SealedIssuer } from '../../registry/issuer-model.ts'
import type { Outbound } from '../outbound/outbound.ts'

const maxBytes = 65_536
const timeoutMs = 3_000

/**
 * Asks an issuer what a token of its stands for (RFC 7662).
 *
 * @returns what it says; undefined when the token is not active, not for us, or of another issuer. Rejects with an Error
 * when there is no whole answer
 */
export type AskIssuer = (
  issuer: SealedIssuer,
  token: string,
) => Promise<Readonly<Record<string, unknown>> | undefined>

export function createIntrospection(
  outbound: Outbound,
  secretOf: (issuer: SealedIssuer) => string,
  now: () => number,
): AskIssuer {
  return async (issuer, token) => {
    const { verification } = issuer
    if (verification.by !== 'introspection') return undefined
    const { endpoint, clientId } = verification
    // Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
    const basic = [clientId, secretOf(issuer)].map(formEncoded).join(':')
    const { status, body } = await outbound.send({
      url: endpoint,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
        accept: 'application/json',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      maxBytes,
      timeoutMs,
    })
    if (status !== 200) throw new Error(`${endpoint}: answered with ${status}`)
    const claims = parsed(endpoint, body)
    return claims.active === true && isForUs(issuer, claims, now()) ? claims : undefined
  }
}

function isForUs(
  { issuer, audiences, clockToleranceSeconds }: SealedIssuer,
  { iss, aud, exp, nbf }: Readonly<Record<string, unknown>>,
  now: number,
): boolean {
  if (iss !== undefined && iss !== issuer) return false
  const named = Array.isArray(aud) ? aud : [aud]
  if (audiences.length > 0 && !named.some((one) => audiences.includes(one as string))) return false
  const toleranceMs = clockToleranceSeconds * 1000
  if (typeof exp === 'number' && exp * 1000 + toleranceMs <= now) return false
  return !(typeof nbf === 'number' && nbf * 1000 - toleranceMs > now)
}

const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)

function parsed(endpoint: string, body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new Error(`${endpoint}: is not a JSON object`)
}
