import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import type { Routing, TokenGrant } from '../registry/model.ts'
import { isResourceOf } from '../registry/resources.ts'
import type { Deps, Exchange, Identity, Policy, Route } from './policy.ts'

const schema = z.strictObject({})

/**
 * Whether the caller may use the operation. What a call may do is the least of what the credential or token holds and
 * what the subscription grants.
 */
export const authorize: Policy<z.infer<typeof schema>> = {
  name: 'authorize',
  summary: 'Refuses calls without a subscription to the version, or without the scopes of the operation.',
  schema,
  byDefault: {},
  compile(_config, deps) {
    const anonymous = {
      detail: 'This operation asks for scopes, so it needs a credential.',
      headers: { 'WWW-Authenticate': `Bearer realm="${deps.realm}"` },
    }

    const elsewhere = {
      detail: 'The access token is for another resource. Ask for one for this API.',
      headers: {
        'WWW-Authenticate': `Bearer realm="${deps.realm}", error="invalid_token", error_description="The access token is for another resource"`,
      },
    }
    const isFor = audienceCheck(deps.realm)

    return {
      onRequest(x) {
        const route = x.route!
        const identity = x.identity
        if (identity === undefined) {
          if (route.scopes.length > 0) throw problem('credential-missing', anonymous)
          return
        }
        if (identity.grant !== undefined && !isFor(identity.grant, route))
          throw problem('token-invalid', elsewhere)
        if (!route.environments.includes(identity.environment))
          throw problem('environment-unavailable', {
            detail: `${route.apiName} ${route.versionName} has no ${identity.environment} service. Use a credential of the other environment.`,
          })
        const subscription = identity.subscriptions.get(route.versionId)
        if (subscription === undefined)
          throw problem('subscription-missing', {
            detail: `Subscribe the application to ${route.apiName} ${route.versionName}.`,
            note: `application ${identity.applicationId}`,
          })
        if (route.scopes.length === 0) return
        for (const alternative of route.scopes)
          if (holdsAll(alternative, identity.scopes, subscription.scopes)) return
        throw lacking(x, identity, subscription.scopes, deps)
      },
    }
  },
}

/** Whether a token may be used here, by the resources that it was asked for (RFC 8707 §2). Found out once for each pair. */
function audienceCheck(publicUrl: string) {
  const known = new WeakMap<TokenGrant, WeakMap<Routing, boolean>>()
  return (grant: TokenGrant, { routing }: Route): boolean => {
    if (grant.resources.length === 0) return true
    let ofGrant = known.get(grant)
    if (!ofGrant) {
      ofGrant = new WeakMap()
      known.set(grant, ofGrant)
    }
    let answer = ofGrant.get(routing)
    if (answer === undefined) {
      answer = grant.resources.some((resource) => isResourceOf(resource, routing, publicUrl))
      ofGrant.set(routing, answer)
    }
    return answer
  }
}

type Held = ReadonlySet<string> | null | undefined

const holds = (scope: string, credential: Held, subscription: Held) =>
  (!credential || credential.has(scope)) && (!subscription || subscription.has(scope))

function holdsAll(scopes: readonly string[], credential: Held, subscription: Held): boolean {
  for (const scope of scopes) if (!holds(scope, credential, subscription)) return false
  return true
}

/** Names the alternative that lacks the fewest, as RFC 6750 §3.1 wants it: all scopes that the operation needs. */
function lacking(x: Exchange, identity: Identity, subscription: Held, deps: Deps) {
  const missingOf = (scopes: readonly string[]) =>
    scopes.filter((s) => !holds(s, identity.scopes, subscription))
  const [nearest] = [...x.route!.scopes].sort((a, b) => missingOf(a).length - missingOf(b).length)
  const missing = missingOf(nearest!)
  return problem('scope-insufficient', {
    detail: `This operation needs ${list(nearest!)}; the call lacks ${list(missing)}.`,
    ...(identity.method === 'bearer' && {
      headers: {
        'WWW-Authenticate': `Bearer realm="${deps.realm}", error="insufficient_scope", scope="${nearest!.join(' ')}"`,
      },
    }),
  })
}

const list = (scopes: readonly string[]) => scopes.map((s) => `"${s}"`).join(' and ')
