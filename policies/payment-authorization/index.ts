import { randomUUID } from 'node:crypto'
import { type FieldError, problem } from '../../registry/base/problem.ts'
import { isResourceOf } from '../../registry/resources.ts'
import type { Deps, Exchange, Policy } from '../policy.ts'
import { isSaidToBeJson, readBody } from './body.ts'
import { differencesFrom, type Part, readPayment } from './payment.ts'
import { type PaymentAuthorizationConfig, schema } from './schema.ts'

/** What a call holds of what a person has allowed, as long as it may have to give it back. */
interface Taken {
  readonly familyId: string
  readonly index: number
  /** Tells this call's use from any other's. */
  readonly by: string
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A payment call does what a person has allowed and nothing else (RFC 9396 §9): its amount, currency and creditor equal
 * one `payment_initiation` of the token's authorization details, which is for this API where it names places, and each of these is good for one payment.
 *
 * It is marked as used before the call is sent. Was nothing sent, as a later check refused it or no service could be
 * reached, the mark is taken away again; in all other cases it stays, also where nobody knows whether the service acted.
 *
 * A repeated call with the same `Idempotency-Key` is to be answered before it comes here, by the policy that keeps
 * answers (not there yet): here it is a second payment, and is refused.
 */
export const paymentAuthorization: Policy<PaymentAuthorizationConfig> = {
  name: 'payment-authorization',
  summary: 'Lets a payment pass only as a person has allowed it: same amount, currency and creditor, once.',
  schema,
  compile(config, deps) {
    const taken = new WeakMap<Exchange, Taken>()
    const operations = config.operations && new Set(config.operations)

    async function hold(x: Exchange): Promise<void> {
      const one = await take(x, config, deps)
      // The caller may have gone while the store was asked: then the end has come before there was anything to give back.
      if (x.isOver) giveBack(deps, one)
      else taken.set(x, one)
    }

    return {
      readsBody: true,
      onRequest(x) {
        const { operation } = x.route!
        const isPayment = operations ? operations.has(operation.id) : !safeMethods.has(operation.method)
        return isPayment ? hold(x) : undefined
      },
      onEnd(x) {
        x.isOver = true
        const one = taken.get(x)
        if (one === undefined) return
        x.notes.paymentAuthorization = x.wasSent ? 'used' : 'given back'
        if (!x.wasSent) giveBack(deps, one)
      },
    }
  },
}

/** Does it fail, the payment stays used: that is the safe side. */
function giveBack(deps: Deps, { familyId, index, by }: Taken): void {
  deps.giveBackAuthorizationDetail(familyId, index, by).catch(() => {})
}

async function take(x: Exchange, config: PaymentAuthorizationConfig, deps: Deps): Promise<Taken> {
  const grant = x.identity?.grant
  const details = grant?.authorizationDetails
  if (!grant?.familyId || !details)
    throw problem('authorization-details-missing', {
      detail:
        'This payment needs a token for it. Ask for one with authorization_details of type payment_initiation, which the account holder allows.',
    })
  const read = isSaidToBeJson(x.request) ? readBody(x.request.body) : undefined
  if (read === undefined)
    throw problem('request-malformed', {
      detail:
        'Send the payment as application/json in UTF-8, uncompressed, with no member twice, in whatever case its name is.',
    })
  const payment = readPayment(read.value, config)
  let nearest: Part[] | undefined
  let wasUsed = false
  for (const [index, granted] of details.entries()) {
    if (granted.actions && !granted.actions.includes('initiate')) continue
    if (granted.locations && !isAt(granted.locations, x, deps)) continue
    const differences = differencesFrom(granted, payment)
    if (differences.length === 0) {
      const by = randomUUID()
      const answer = await deps.takeAuthorizationDetail(grant.familyId, index, by)
      if (answer === 'taken') return { familyId: grant.familyId, index, by }
      if (answer === 'ended') break
      wasUsed = true
    } else if (nearest === undefined || differences.length < nearest.length) nearest = differences
  }
  if (wasUsed)
    throw problem('authorization-details-used', {
      detail: 'What was allowed is one payment, and it was made. Ask the account holder again for another.',
    })
  throw problem('authorization-details-mismatch', {
    detail: 'Amount, currency and creditor must be those that the account holder has allowed.',
    errors: (nearest ?? []).map((part) => fault(part, config)),
  })
}

/** RFC 9396 §2.2: where the payment may be made, told as resources are. */
const isAt = (locations: readonly string[], x: Exchange, deps: Deps) =>
  locations.some((location) => isResourceOf(location, x.route!.routing, deps.realm))

function fault(part: Part, config: PaymentAuthorizationConfig): FieldError {
  const { amount, currency } = config
  const pointers: Record<Part, string | undefined> = {
    amount: amount.pointer,
    currency: 'pointer' in currency ? currency.pointer : '',
    creditorAccount: config.creditorAccountPointer,
    creditorName: config.creditorNamePointer,
    remittance: config.remittancePointer,
  }
  return { pointer: pointers[part] ?? '', detail: 'is not what was allowed' }
}
