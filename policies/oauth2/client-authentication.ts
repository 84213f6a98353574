import { InvalidClientError } from 'oauth2-server'
import { networkOf } from '../../registry/base/network.ts'
import { faultOfAssertion } from './client-authentication/assertion.ts'
import { isProvenByCertificate } from './client-authentication/certificate.ts'
import { type Presented, presentedBy } from './client-authentication/presented.ts'
import { findBySecret } from './client-authentication/secret.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import { slowDown } from './errors.ts'
import type { Form } from './form.ts'
import type { OAuthRequest } from './message.ts'

export interface AuthenticationOptions {
  /** Whether a public client may pass, which has nothing to prove itself by. What then holds of it, anybody can say. */
  readonly takesPublic?: boolean
}

/**
 * The client that sends the request, proved in the one way that it is registered with: what a request offers never
 * decides what is asked. Done here and not by the library, which knows secrets only, compares Basic credentials without
 * decoding them and lets clients with a code_verifier pass unproved.
 *
 * @throws InvalidRequestError when two ways are used at once; InvalidClientError in the same words whatever is wrong,
 * an unknown client included; slow_down after too many failures. @throws Problem store-unavailable
 */
export async function authenticateClient(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
  { takesPublic = false }: AuthenticationOptions = {},
): Promise<OAuthClient> {
  const presented = presentedBy(req, form)
  const network = networkOf(req.ip)
  const failures = failuresOf(presented.clientId, network)
  const left = await deps.takeTokens({ ...failures, cost: 0 })
  if (left.remaining <= 0) throw slowDown(tooManyFailures, left.resetMs)

  const client = await provenBy(presented, req, deps, takesPublic)
  if (client) return client
  const all = await deps.takeTokens({ ...failuresOfAll(network), cost: 1 })
  if (!all.isAllowed) throw slowDown(tooManyFailures, all.retryAfterMs)
  await deps.takeTokens({ ...failures, cost: 1 })
  throw new InvalidClientError('The client is unknown or its proof is wrong')
}

/**
 * Whose requests are counted together: those of a client that has proved itself; those in a public client's name by where
 * they come from, as anybody can send them, and would use up what all who have that application may do.
 */
export const ownerOfCount = ({ partnerId, settings }: OAuthClient, { ip }: OAuthRequest) =>
  settings.authentication === 'none' ? networkOf(ip) : partnerId

async function provenBy(
  presented: Presented,
  req: OAuthRequest,
  deps: AuthorizationServerDeps,
  takesPublic: boolean,
): Promise<OAuthClient | undefined> {
  if (presented.by === 'secret') return findBySecret(presented.tries, deps)
  const client = await deps.findClient(presented.clientId)
  if (!client) return undefined
  if (presented.by === 'assertion') {
    const reason = await faultOfAssertion(presented.assertion, client, req, deps)
    if (reason === undefined) return client
    deps.refused(client.id, `client assertion: ${reason}`)
    return undefined
  }
  if (client.settings.authentication === 'none') return takesPublic ? client : undefined
  return (await isProvenByCertificate(req.clientCertificate, client, deps)) ? client : undefined
}

const tooManyFailures = 'Too many failed attempts'

/**
 * Failures are counted by client and address: by client alone, anybody could lock out a partner. Ids that we would
 * never give share one count.
 */
function failuresOf(clientId: string, network: string) {
  const name = /^[a-z0-9_]{1,64}$/.test(clientId) ? clientId : 'other'
  return { owner: network, rule: `oauth2-failures:${name}`, limit: 20, windowMs: 60_000 }
}

/** And by address alone, as each made-up client leaves a count in the store. Only failures are refused by it. */
function failuresOfAll(network: string) {
  return { owner: network, rule: 'oauth2-failures', limit: 300, windowMs: 60_000 }
}
