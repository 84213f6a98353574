import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { TokenFamily } from '../../registry/model.ts'
import { AuthorizationRequest, type Person } from './authorization-request.ts'
import type { AuthorizationServerDeps } from './deps.ts'

/** RFC 6749 §4.1.2 wants ten minutes at most, FAPI 2.0 §5.3.2.1 sixty seconds. */
const codeLifetimeMs = 60_000

/** What a code stands for, until it is redeemed. */
const CodeGrant = z.strictObject({
  ...AuthorizationRequest.pick({
    clientId: true,
    redirectUri: true,
    codeChallenge: true,
    scopes: true,
    authorizationDetails: true,
    resources: true,
    dpopJkt: true,
  }).shape,
  subject: z.string(),
  authenticatedAt: z.int(),
  issuedAt: z.int(),
  expiresAt: z.int(),
})
export type CodeGrant = z.infer<typeof CodeGrant>

/** @returns the code, of 256 random bits. @throws Problem store-unavailable */
export async function issueCode(
  { once, now }: AuthorizationServerDeps,
  request: AuthorizationRequest,
  person: Person,
  scopes: readonly string[],
): Promise<string> {
  const { clientId, redirectUri, codeChallenge, authorizationDetails, resources, dpopJkt } = request
  const code = randomBytes(32).toString('base64url')
  const issuedAt = now()
  const grant: CodeGrant = {
    clientId,
    redirectUri,
    codeChallenge,
    scopes: [...scopes],
    authorizationDetails,
    resources,
    dpopJkt,
    subject: person.subject,
    authenticatedAt: person.authenticatedAt,
    issuedAt,
    expiresAt: issuedAt + codeLifetimeMs,
  }
  await once.keep('code', code, grant, codeLifetimeMs)
  return code
}

/**
 * What a code stands for, to the first who asks. A code that comes again has been stolen, from whichever of the two:
 * all that came of it ends (RFC 9700 §4.5).
 *
 * @returns undefined for a code that is unknown, has expired or was used. @throws Problem store-unavailable
 */
export async function redeemCode(
  { once, families, now }: AuthorizationServerDeps,
  code: string,
): Promise<CodeGrant | undefined> {
  const found = await once.spend('code', code)
  if (found === undefined) {
    // Its mark has gone with its minute; what came of it may still live.
    const id = familyIdOf(code)
    if (await families.find(id)) await families.revoke(id)
    return undefined
  }
  if (found !== 'spent') {
    const grant = CodeGrant.parse(found)
    return grant.expiresAt > now() ? grant : undefined
  }
  // The mark first: whoever is redeeming it right now looks for the mark after the family is there.
  await once.keep('code-reuse', code, true, codeLifetimeMs)
  await families.revoke(familyIdOf(code))
  return undefined
}

/** Opens the family of a code that was redeemed; it is dead from birth when the code has come again meanwhile. */
export async function openFamilyOf(
  { once, families }: AuthorizationServerDeps,
  code: string,
  given: Omit<TokenFamily, 'id' | 'createdAt'>,
): Promise<TokenFamily> {
  const family = await families.open({ ...given, id: familyIdOf(code) })
  if ((await once.peek('code-reuse', code)) !== undefined) await families.revoke(family.id)
  return family
}

/** Made of the code, so that a used code names its family without anything being kept of it. */
const familyIdOf = (code: string) =>
  `fam_${createHash('sha256').update(`family of ${code}`).digest('hex').slice(0, 40)}`
