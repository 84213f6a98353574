import { z } from 'zod'
import { problem } from '../../registry/base/problem.ts'
import { removeHeader } from '../header-list.ts'
import type { Deps, Exchange, Identity, Policy } from '../policy.ts'
import { apiKeyMethod } from './api-key.ts'
import { bearerMethod } from './bearer.ts'
import { isThenable, type Method } from './method.ts'

const schema = z.strictObject({
  methods: z
    .array(z.enum(['bearer', 'api-key']))
    .min(1)
    .refine((names) => new Set(names).size === names.length, 'name each method once')
    .default(['bearer', 'api-key'])
    .describe('Ways to prove who calls, asked in this order; the first that finds its credential decides.'),
  apiKeyHeader: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'a header name in lower case')
    .refine(
      (name) =>
        !['authorization', 'cookie', 'host', 'content-length', 'transfer-encoding', 'connection'].includes(
          name,
        ),
      'choose a header of its own',
    )
    .default('x-api-key')
    .describe('Header that carries the API key.'),
  isRequired: z
    .boolean()
    .default(true)
    .describe('Whether calls without a credential are refused. A bad credential is refused in any case.'),
  honourAnonymous: z
    .boolean()
    .default(false)
    .describe(
      'Whether operations that ask for no credential in the OpenAPI document are open to all. Off: a document alone opens nothing.',
    ),
  requireBoundTokens: z
    .boolean()
    .default(false)
    .describe(
      'Whether only access tokens are taken that are bound to a key (DPoP, RFC 9449) or to a certificate (RFC 8705). Bound ones are checked in any case. API keys are no tokens: leave them out of `methods`.',
    ),
  requireDpopNonce: z
    .boolean()
    .default(false)
    .describe(
      'Whether a DPoP proof must hold a nonce of the gateway (RFC 9449 §9): no proof that was made ahead is of use then. Each answer brings the next one.',
    ),
})
type Config = z.infer<typeof schema>

export const authenticate: Policy<Config> = {
  name: 'authenticate',
  summary: 'Finds out who calls, by API key or access token, and refuses those it does not know.',
  schema,
  byDefault: schema.parse({}),
  compile(config, deps) {
    const methods = config.methods.map((name) => makeMethod[name](config, deps))
    const detail = `Send ${config.methods.map((name) => hints[name](config)).join(', or ')}.`
    const missing = (x: Exchange) => ({
      detail,
      headers: { 'WWW-Authenticate': methods.map((m) => m.challenge(x)).join(', ') },
    })

    return {
      onRequest(x) {
        for (const method of methods) {
          const found = method.identify(x)
          if (found === undefined) continue
          if (isThenable(found)) return found.then((identity) => admit(x, identity))
          return admit(x, found)
        }
        if (!config.isRequired) return
        if (config.honourAnonymous && x.route?.operation.isAnonymous) return
        throw problem('credential-missing', missing(x))
      },
      onUpstream: (x) => {
        // Always all, whatever the methods: a service that saw a partner's credential could use it.
        removeHeader(x.outgoing!.headers, 'authorization')
        removeHeader(x.outgoing!.headers, 'dpop')
        removeHeader(x.outgoing!.headers, config.apiKeyHeader)
      },
    }
  },
}

const makeMethod: Record<Config['methods'][number], (config: Config, deps: Deps) => Method> = {
  'api-key': (config, deps) => apiKeyMethod(config.apiKeyHeader, deps),
  bearer: (config, deps) => bearerMethod(config, deps),
}

const hints: Record<Config['methods'][number], (config: Config) => string> = {
  'api-key': (config) => `an API key in the header ${config.apiKeyHeader}`,
  bearer: () => 'an access token (Authorization: Bearer …)',
}

function admit(x: Exchange, identity: Identity): void {
  x.identity = identity
  x.environment = identity.environment
}
