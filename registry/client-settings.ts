import type { FieldError } from './base/problem.ts'
import type { CredentialInput } from './model.ts'
import { ClientSettings } from './oauth-model.ts'
import { faultsOfSettings } from './oauth-profiles.ts'

/** What a credential is as an OAuth client. */

type Fields = Pick<CredentialInput, 'kind' | 'oauth'>

/** What applies to an OAuth client; of one made before there were settings, all by default. */
export const settingsOf = ({ oauth }: Pick<CredentialInput, 'oauth'>): ClientSettings =>
  oauth ?? ClientSettings.parse({})

/** Whether it proves itself by a secret of ours: an API key, or a client that authenticates by `client_secret`. */
export const hasSecret = (fields: Fields): boolean =>
  fields.kind === 'api-key' || settingsOf(fields).authentication === 'client_secret'

/** What contradicts itself or the profile, by JSON pointer into the credential; empty when all is well. */
export function clientFaults(fields: Fields): FieldError[] {
  const { kind, oauth } = fields
  if (oauth === null) return []
  if (kind !== 'oauth-client') return [{ pointer: '/oauth', detail: 'only an OAuth client has these' }]
  const faults = [...faultsOfSettings(oauth), ...uselessParts(oauth)]
  return faults.map(({ pointer, detail }) => ({ pointer: `/oauth${pointer}`, detail }))
}

function uselessParts({ grants, authorizationDetailsTypes }: ClientSettings): FieldError[] {
  const faults = grants.flatMap((grant, i) =>
    grants.indexOf(grant) === i ? [] : [{ pointer: `/grants/${i}`, detail: 'is there twice' }],
  )
  if (authorizationDetailsTypes.length > 0 && !grants.includes('authorization_code'))
    faults.push({
      pointer: '/authorizationDetailsTypes',
      detail: 'people allow them: add authorization_code to the grants',
    })
  return faults
}
