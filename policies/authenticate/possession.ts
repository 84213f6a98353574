import { originAt } from '../../registry/resources.ts'
import type { Deps, Exchange, Identity } from '../policy.ts'
import type { Proof } from '../proof/dpop.ts'
import type { TokenError } from './challenges.ts'
import type { Presented } from './scheme.ts'

export interface PossessionConfig {
  readonly requireBoundTokens: boolean
  readonly requireDpopNonce: boolean
}

/** @throws Problem 401 */
type Refuse = (x: Exchange, error: TokenError) => never

/**
 * Makes the check that whoever presents a bound token holds what it is bound to: a key (RFC 9449 §7) or a certificate
 * (RFC 8705 §3). A proof is good for one call at one gateway of all: that costs a question to the store with each call.
 *
 * @returns a check that gives the identity back, or refuses; it waits only where a proof is looked up
 */
export function possessionCheck(config: PossessionConfig, deps: Deps, refuse: Refuse) {
  return (x: Exchange, identity: Identity, presented: Presented): Identity | Promise<Identity> => {
    const confirmation = identity.grant?.confirmation ?? null
    const { scheme } = presented
    if (confirmation === null) {
      if (scheme === 'DPoP') return refuse(x, invalid(scheme, 'The access token is not bound to a key'))
      if (config.requireBoundTokens)
        return refuse(
          x,
          invalid('DPoP', 'Only access tokens that are bound to a key or certificate are taken'),
        )
      return identity
    }
    if ('jkt' in confirmation) {
      if (scheme !== 'DPoP')
        return refuse(
          x,
          invalid('DPoP', 'The access token is bound to a key: send it under DPoP, with a proof'),
        )
      return provenByKey(x, identity, presented.token, confirmation.jkt)
    }
    if (scheme === 'DPoP')
      return refuse(x, invalid('Bearer', 'The access token is bound to a certificate: send it under Bearer'))
    if (x.request.clientCertificate?.thumbprint !== confirmation['x5t#S256'])
      return refuse(
        x,
        invalid(scheme, 'The access token is bound to another certificate than the connection has'),
      )
    return identity
  }

  function provenByKey(x: Exchange, identity: Identity, accessToken: string, jkt: string): Promise<Identity> {
    const { method, rawHeaders } = x.request
    const proof = deps.dpop.verify(rawHeaders, {
      method,
      url: addressOf(x),
      accessToken,
      jkt,
      isNonceRequired: config.requireDpopNonce,
    })
    if (config.requireDpopNonce) x.responseHeaders.push('DPoP-Nonce', deps.dpop.nonce())
    if ('error' in proof) return refuse(x, { scheme: 'DPoP', ...proof })
    return onlyOnce(x, identity, proof)
  }

  async function onlyOnce(x: Exchange, identity: Identity, proof: Proof): Promise<Identity> {
    if (await deps.isFirstProof(proof.id, Math.max(1, proof.knownUntil - deps.now()))) return identity
    return refuse(x, {
      scheme: 'DPoP',
      error: 'invalid_dpop_proof',
      description: 'The proof was used before',
    })
  }

  /** As the caller knows it: `htu` names it so. */
  function addressOf({ request, route }: Exchange): string {
    const { url, path, host } = request
    const origin = route ? originAt(route.routing, deps.realm, host) : deps.realm
    if (!url.startsWith('/')) return origin + path
    const mark = url.indexOf('?')
    return origin + (mark === -1 ? url : url.slice(0, mark))
  }
}

const invalid = (scheme: TokenError['scheme'], description: string): TokenError => ({
  scheme,
  error: 'invalid_token',
  description,
})
