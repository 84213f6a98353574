import { findAdminToken, type ShownAdminToken } from '../../registry/admin-tokens.ts'
import { networkOf } from '../../registry/base/network.ts'
import { type Problem, problem } from '../../registry/base/problem.ts'
import { looksLikeSecret } from '../../registry/base/secrets.ts'
import { takeTokens } from '../../registry/limits.ts'
import type { Registry } from '../../registry/store.ts'

const triesPerMinute = 20
const bearer = /^Bearer +([\x21-\x7e]{1,512}) *$/i

/**
 * Who calls, by `Authorization: Bearer pga_…`. The token is never taken from a query or a cookie: addresses end up in
 * logs, and a cookie would let another site's page act for the reader of this one.
 *
 * @throws Problem `credential-missing`, `credential-invalid`; `rate-limited` after too many bad tries from one address
 */
export async function authenticate(
  registry: Registry,
  authorization: string | undefined,
  address: string,
): Promise<ShownAdminToken> {
  if (authorization === undefined)
    throw problem('credential-missing', {
      detail: 'Send an admin token as "Authorization: Bearer pga_…".',
      headers: { 'WWW-Authenticate': 'Bearer realm="admin"' },
    })
  const secret = bearer.exec(authorization)?.[1]
  // A mistyped token is told by its checksum; it costs no look-up but counts as a try all the same.
  const token =
    secret && looksLikeSecret('admin-token', secret) ? await findAdminToken(registry, secret) : undefined
  if (!token) throw await countedRefusal(registry, address)
  return token
}

/**
 * Only failures count, and a good token passes even while its address is limited: 190 random bits are not guessed, so
 * the limit protects the store from the load, and must not let a neighbour behind the same address lock others out.
 */
async function countedRefusal(registry: Registry, address: string): Promise<Problem> {
  const { isAllowed, retryAfterMs } = await takeTokens(registry, {
    owner: networkOf(address),
    rule: 'admin-sign-in',
    limit: triesPerMinute,
    windowMs: 60_000,
    cost: 1,
  })
  if (!isAllowed)
    return problem('rate-limited', {
      detail: 'Too many tries with a bad token from your address.',
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
    })
  return problem('credential-invalid', {
    detail: 'The admin token is not known, was revoked or has expired.',
    headers: { 'WWW-Authenticate': 'Bearer realm="admin", error="invalid_token"' },
  })
}
