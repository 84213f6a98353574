import { InvalidRequestError, OAuthError } from 'oauth2-server'
import type { Confirmation } from '../../registry/oauth-model.ts'
import { isFapi } from '../../registry/oauth-profiles.ts'
import type { ProofFault } from '../proof/dpop.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'
import type { Form } from './form.ts'
import type { OAuthRequest } from './message.ts'

/**
 * What the tokens of this request are bound to; null: to nothing, whoever holds one may use it. Clients whose tokens
 * need not be bound may bind them all the same, by sending a DPoP proof (RFC 9449 §5).
 *
 * @throws OAuthError invalid_dpop_proof, use_dpop_nonce; InvalidRequestError when the certificate is missing to which
 * tokens of this client are bound. @throws Problem store-unavailable
 */
export async function senderConstraintOf(
  req: OAuthRequest,
  form: Form,
  client: OAuthClient,
  deps: AuthorizationServerDeps,
): Promise<Confirmation | null> {
  const { senderConstraint, profile } = client.settings
  // Named without a proof a key proves nothing: only of a code may it be named ahead.
  const jkt = req.headers.dpop === undefined ? undefined : await proofKeyOf(req, form, deps)
  if (senderConstraint === 'certificate') {
    if (jkt !== undefined)
      throw new InvalidRequestError('Tokens of this client are bound to its certificate: send no DPoP proof')
    if (!req.clientCertificate)
      throw new InvalidRequestError('Tokens of this client are bound to its certificate: use mutual TLS')
    return { 'x5t#S256': req.clientCertificate.thumbprint } // RFC 8705 §3.1
  }
  if (jkt !== undefined) return { jkt }
  if (senderConstraint === 'dpop' || isFapi(profile))
    throw dpopError(
      {
        error: 'invalid_dpop_proof',
        description: 'Tokens of this client are bound to a key: send a DPoP proof',
      },
      deps,
    )
  return null
}

/**
 * The key that a request proves by DPoP, if it does, or names as `dpop_jkt` (RFC 9449 §10 and §10.1): where the code is
 * bound to it. Of no client is it asked here.
 *
 * @returns its thumbprint
 * @throws OAuthError invalid_dpop_proof, use_dpop_nonce; InvalidRequestError when proof and `dpop_jkt` do not agree.
 * @throws Problem store-unavailable
 */
export async function proofKeyOf(
  req: OAuthRequest,
  form: Form,
  deps: AuthorizationServerDeps,
): Promise<string | undefined> {
  const named = form.get('dpop_jkt')
  if (req.headers.dpop === undefined) return named
  const proof = deps.dpop.verify(req.rawHeaders, {
    method: req.method,
    url: deps.issuer + req.path,
    isNonceRequired: deps.isDpopNonceRequired,
  })
  if ('error' in proof) throw dpopError(proof, deps)
  if (named !== undefined && named !== proof.jkt)
    throw new InvalidRequestError('dpop_jkt is not the thumbprint of the key that made the proof')
  const lifetimeMs = Math.max(1, proof.knownUntil - deps.now())
  if (!(await deps.once.isFirst('proof', proof.id, lifetimeMs)))
    throw dpopError({ error: 'invalid_dpop_proof', description: 'The proof was used before' }, deps)
  return proof.jkt
}

/** 400 as all errors here; a client that lacks a nonce gets one with it (RFC 9449 §8). */
function dpopError({ error, description }: ProofFault, deps: AuthorizationServerDeps): OAuthError {
  const dpopNonce = error === 'use_dpop_nonce' ? deps.dpop.nonce() : undefined
  return new OAuthError(description, { code: 400, name: error, dpopNonce })
}
