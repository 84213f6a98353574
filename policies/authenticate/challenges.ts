import { signatureAlgorithms } from '../../registry/oauth-keys.ts'
import { metadataAddressOf, resourceAt } from '../../registry/resources.ts'
import type { Exchange } from '../policy.ts'
import type { TokenScheme } from './scheme.ts'

/** What is wrong with a token or its proof, as RFC 6750 §3.1 and RFC 9449 §7.1 name it. */
export interface TokenError {
  readonly scheme: TokenScheme
  readonly error: 'invalid_request' | 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'
  readonly description: string
}

/**
 * The value of WWW-Authenticate for access tokens: both schemes, as which of them is right depends on the token; and where
 * the caller learns where to get one (RFC 9728 §5.1).
 */
export function challengesFor(x: Exchange, realm: string, about?: TokenError): string {
  const metadata = metadataOf(x, realm)
  const schemes: TokenScheme[] = about?.scheme === 'DPoP' ? ['DPoP', 'Bearer'] : ['Bearer', 'DPoP']
  return schemes
    .map((scheme) => {
      const parameters = [`realm="${realm}"`]
      if (scheme === 'DPoP') parameters.push(`algs="${signatureAlgorithms.join(' ')}"`)
      if (scheme === about?.scheme)
        parameters.push(`error="${about.error}"`, `error_description="${about.description}"`)
      if (metadata !== undefined) parameters.push(`resource_metadata="${metadata}"`)
      return `${scheme} ${parameters.join(', ')}`
    })
    .join(', ')
}

function metadataOf({ route, request }: Exchange, publicUrl: string): string | undefined {
  return route && metadataAddressOf(resourceAt(route.routing, publicUrl, request.host))
}
