import { createCredential, type Issued, updateCredential } from '../credentials.ts'
import type { Credential, CredentialInput } from '../model.ts'
import { ClientSettings } from '../oauth-model.ts'
import type { Actor, Registry, Stored } from '../store.ts'
import { ownApplication, ownCredential } from './own.ts'

type Given = Pick<CredentialInput, 'kind' | 'environment' | 'title' | 'scopes' | 'expiresAt'>

/**
 * Issues a credential to a partner's application. Of an OAuth client it decides no more than where people come back to:
 * what a client may do beyond that, and how it proves itself, is the platform's to set.
 *
 * @throws Problem not-found, input-invalid, store-unavailable
 */
export async function issueOwn(
  r: Registry,
  actor: Actor,
  partnerId: string,
  applicationId: string,
  { redirectUris, ...given }: Given & { readonly redirectUris: readonly string[] },
): Promise<Issued> {
  await ownApplication(r, partnerId, applicationId)
  const oauth =
    redirectUris.length > 0
      ? ClientSettings.parse({
          grants: ['client_credentials', 'authorization_code', 'refresh_token'],
          redirectUris,
        })
      : null
  return createCredential(r, actor, applicationId, { ...given, oauth })
}

/** Changes title, scopes and expiry. @throws Problem not-found, precondition-failed, input-invalid, state-conflict */
export async function updateOwn(
  r: Registry,
  actor: Actor,
  partnerId: string,
  id: string,
  given: Pick<Given, 'title' | 'scopes' | 'expiresAt'>,
  ifMatch?: string,
): Promise<Stored<Credential>> {
  const { value } = await ownCredential(r, partnerId, id)
  const { tokenLifetimeSeconds, oauth } = value
  return updateCredential(r, actor, id, { tokenLifetimeSeconds, oauth, ...given }, ifMatch)
}
