import type { AuthorizationServerDeps } from '../policies/oauth2/index.ts'
import type { RegistrationDeps } from '../policies/oauth2/registration/endpoint.ts'
import {
  findRegistered,
  registerClient,
  scopesOfApplication,
  updateRegistered,
} from '../registry/client-registration.ts'
import { revokeCredential } from '../registry/credentials.ts'
import { findInitialAccess } from '../registry/registration-tokens.ts'
import type { Registry } from '../registry/store.ts'

/** Dynamic client registration on the registry. */
export function registrationDepsOf(
  registry: Registry,
  { issuer, findClientBySecret, takeTokens, report }: AuthorizationServerDeps,
): RegistrationDeps {
  return {
    issuer,
    takeTokens,
    report,
    findInitialAccess: (token) => findInitialAccess(registry, token),
    register: (access, fields) => registerClient(registry, access, fields),
    findRegistered: (clientId, token) => findRegistered(registry, clientId, token),
    update: (client, fields) => updateRegistered(registry, client, fields),
    remove: (clientId) => revokeCredential(registry, { id: 'client-registration' }, clientId),
    scopesOf: (applicationId) => scopesOfApplication(registry, applicationId),
    isSecretOf: async (clientId, secret) => (await findClientBySecret(clientId, secret)) !== undefined,
  }
}
