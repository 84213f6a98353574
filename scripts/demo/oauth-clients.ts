import { existsSync } from 'node:fs'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Application, Credential, Partner } from '../../registry/model.ts'
import type { AdminClient } from './admin-client.ts'
import { readJson, writePrivateJson } from './files.ts'
import { application, partner } from './inputs.ts'

/** Clients with which people let the demo's partner in. */
export interface DemoClients {
  /** A public client of profile `standard`: proves itself by PKCE alone. */
  readonly publicClientId: string
  /** A client of profile `fapi2`: private_key_jwt and DPoP. */
  readonly fapi2ClientId: string
  /** Its private key (JWK), which is nowhere else. */
  readonly fapi2KeyFile: string
  /** Where people come back to, of both. */
  readonly redirectUri: string
}

const redirectUri = 'http://127.0.0.1:8123/callback'
const code = {
  grants: ['authorization_code', 'refresh_token'],
  redirectUris: [redirectUri],
  authorizationDetailsTypes: ['payment_initiation'],
}

/** Makes both for the demo's application, with a new key that only its file holds. */
export async function registerOAuthClients(admin: AdminClient, keyFile: string): Promise<DemoClients> {
  const { publicJwk } = await keyIn(keyFile)
  const path = `/api/applications/${await applicationId(admin)}/credentials`
  const issue = async (title: string, oauth: object) => {
    const input = { kind: 'oauth-client', environment: 'live', title, oauth: { ...code, ...oauth } }
    return (await admin.post<{ credential: Credential }>(path, input)).body.credential.id
  }
  return {
    publicClientId: await issue('an application on a device', { authentication: 'none' }),
    fapi2ClientId: await issue('a shop under FAPI 2.0', {
      profile: 'fapi2',
      authentication: 'private_key_jwt',
      senderConstraint: 'dpop',
      jwks: { keys: [publicJwk] },
    }),
    fapi2KeyFile: keyFile,
    redirectUri,
  }
}

async function keyIn(file: string): Promise<{ publicJwk: JWK }> {
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(privateKey)
    writePrivateJson(file, { ...jwk, alg: 'ES256', kid: await calculateJwkThumbprint(jwk) })
  }
  const { d: _, ...publicJwk } = readJson(file) as JWK
  return { publicJwk }
}

async function applicationId(admin: AdminClient): Promise<string> {
  const found = await admin.get<{ items: Partner[] }>(`/api/partners?name=${partner.name}`)
  const path = `/api/partners/${found!.body.items[0]!.id}/applications?name=${application.name}`
  return (await admin.get<{ items: Application[] }>(path))!.body.items[0]!.id
}
