import { isDeepStrictEqual } from 'node:util'
import { exponentOf } from '../../registry/currencies.ts'
import { AuthorizationDetails, type PaymentInitiation } from '../../registry/oauth-model.ts'
import type { OAuthClient } from './deps.ts'
import { invalidAuthorizationDetails } from './errors.ts'

/**
 * Reads `authorization_details` (RFC 9396 §2). Strictly: what we do not understand, a person would allow unseen.
 *
 * @param asked JSON, or in a request object what it stands for
 * @throws OAuthError invalid_authorization_details
 */
export function readAuthorizationDetails(asked: unknown, client: OAuthClient): AuthorizationDetails | null {
  if (asked === undefined) return null
  const value = typeof asked === 'string' ? parsedJson(asked) : asked
  if (!Array.isArray(value)) throw invalidAuthorizationDetails('authorization_details is not a JSON array')
  const allowed = client.settings.authorizationDetailsTypes as readonly string[]
  if (!value.every((one) => allowed.includes(one?.type)))
    throw invalidAuthorizationDetails('A type is unknown, or the client may not ask for it')
  const read = AuthorizationDetails.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    const where = issue!.path.map((part) => `/${String(part)}`).join('')
    throw invalidAuthorizationDetails(`authorization_details${where} is missing, unknown or malformed`)
  }
  for (const [i, { instructedAmount }] of read.data.entries())
    if (!isPayable(instructedAmount))
      throw invalidAuthorizationDetails(
        `authorization_details/${i}/instructedAmount is in no currency that one pays in, or has more digits than it`,
      )
  return read.data
}

/** No call could be equal to it, and a person would allow what cannot be paid. */
function isPayable({ currency, amount }: PaymentInitiation['instructedAmount']): boolean {
  const digits = exponentOf(currency)
  return digits !== undefined && (amount.split('.')[1] ?? '').length <= digits
}

/**
 * What was granted (RFC 9396 §6.1). A client may say it again, and cannot choose a part of it or another order: which of
 * the payments were made is known by their places, and one that changes its place could be made twice.
 *
 * @throws OAuthError invalid_authorization_details
 */
export function sameDetails(
  asked: string | undefined,
  granted: AuthorizationDetails | null,
  client: OAuthClient,
): AuthorizationDetails | null {
  const details = readAuthorizationDetails(asked, client)
  if (details !== null && !isDeepStrictEqual(details, granted))
    throw invalidAuthorizationDetails('authorization_details are not those that were granted')
  return granted
}

/** Whether the client may still have what was granted to it. */
export function mayStillHave(granted: AuthorizationDetails | null, { settings }: OAuthClient): boolean {
  return granted === null || granted.every(({ type }) => settings.authorizationDetailsTypes.includes(type))
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
