import { hkdfSync } from 'node:crypto'
import { InvalidGrantError } from 'oauth2-server'
import { z } from 'zod'
import { seal, unseal } from '../../registry/base/seal.ts'
import { looksLikeSecret, newSecret } from '../../registry/base/secrets.ts'
import type { TokenFamily } from '../../registry/model.ts'
import type { AuthorizationServerDeps, OAuthClient } from './deps.ts'

/** A client that lost an answer may ask again within this and gets the same successor. */
const graceMs = 10_000

/** What a refresh token stands for, beside its family. Kept until that ends, used or not. */
const RefreshGrant = z.strictObject({
  familyId: z.string(),
  credentialId: z.string(),
  /** Of a public client: the thumbprint of the key that must be proved with it (RFC 9449 §5). */
  jkt: z.string().nullable(),
})
export type RefreshGrant = z.infer<typeof RefreshGrant>

/** Left under a refresh token that was rotated. The successor is sealed with a key that is made of the token itself. */
const Rotation = z.strictObject({ at: z.int(), sealedSuccessor: z.string() })
type Rotation = z.infer<typeof Rotation>

/** @returns a new refresh token, valid as long as the family. @throws Problem store-unavailable */
export async function issueRefreshToken(
  { once, now }: AuthorizationServerDeps,
  grant: RefreshGrant,
  { environment, expiresAt }: TokenFamily,
): Promise<string> {
  const token = newSecret(`refresh-token:${environment}`)
  await once.keep('refresh-token', token, grant, Math.max(1, expiresAt - now()))
  return token
}

export interface FoundRefreshToken {
  readonly grant: RefreshGrant
  readonly family: TokenFamily
  /** Where it was rotated less than the grace ago. */
  readonly rotation: Rotation | undefined
}

/**
 * What a refresh token stands for. One that was rotated and comes again has been stolen, from whichever of the two:
 * its family ends (RFC 9700 §4.14.2).
 *
 * @returns undefined for one that is unknown, or whose family has ended. @throws Problem store-unavailable
 */
export async function findRefreshToken(
  deps: AuthorizationServerDeps,
  token: string,
): Promise<FoundRefreshToken | undefined> {
  if (!looksLikeSecret('refresh-token:live', token) && !looksLikeSecret('refresh-token:sandbox', token))
    return undefined
  const [kept, rotated] = await Promise.all([
    deps.once.peek('refresh-token', token),
    deps.once.peek('refresh-successor', token),
  ])
  if (kept === undefined) return undefined
  const grant = RefreshGrant.parse(kept)
  const family = await deps.families.find(grant.familyId)
  if (!family || family.expiresAt <= deps.now()) return undefined
  return { grant, family, rotation: rotated === undefined ? undefined : Rotation.parse(rotated) }
}

/** Whether it comes too late to be an honest second try; its family has ended then. @throws Problem store-unavailable */
export async function isReused(
  deps: AuthorizationServerDeps,
  token: string,
  { family, rotation }: FoundRefreshToken,
): Promise<boolean> {
  if (!rotation) return false
  const isLate = deps.now() - rotation.at > graceMs
  if (!isLate && (await deps.once.peek('refresh-successor', successorOf(token, rotation))) === undefined)
    return false
  await deps.families.revoke(family.id)
  return true
}

/**
 * Puts another token in the place of this one. Any number of tries at the same time, or within the grace, get the same.
 *
 * @throws InvalidGrantError when somebody else has rotated it meanwhile, too long ago. @throws Problem store-unavailable
 */
export async function rotate(
  deps: AuthorizationServerDeps,
  token: string,
  found: FoundRefreshToken,
): Promise<string> {
  if (found.rotation) return successorOf(token, found.rotation)
  const { family, grant } = found
  // Before the mark, so that a mark never names a token that is not there.
  const candidate = await issueRefreshToken(deps, grant, family)
  const at = deps.now()
  const mark: Rotation = { at, sealedSuccessor: seal(keyringOf(token), candidate, '') }
  const { value, isOurs } = await deps.once.keepFirst(
    'refresh-successor',
    token,
    mark,
    Math.max(1, family.expiresAt - at),
  )
  if (isOurs) return candidate
  await deps.once.forget('refresh-token', candidate)
  const rotation = Rotation.parse(value)
  if (await isReused(deps, token, { ...found, rotation }))
    throw new InvalidGrantError('The refresh token is unknown, expired or was used')
  return successorOf(token, rotation)
}

/** FAPI 2.0 §5.3.2.1 forbids to rotate: those clients prove a key or certificate with each use. */
export const isRotated = ({ settings }: OAuthClient) => settings.profile === 'standard'

function successorOf(token: string, { sealedSuccessor }: Rotation): string {
  return unseal(keyringOf(token), sealedSuccessor, '')
}

/** Only who presents the token can open what is left under it: the store alone tells nothing. */
function keyringOf(token: string) {
  const key = new Uint8Array(hkdfSync('sha256', token, '', 'successor of a refresh token', 32))
  return [{ id: 'token', key }]
}
