import { networkOf } from '../../../registry/base/network.ts'
import { asProblem } from '../../../registry/base/problem.ts'
import type { Registered, RegisteredFields } from '../../../registry/client-registration.ts'
import type { Take, TokensTaken } from '../../../registry/limits.ts'
import type { Credential } from '../../../registry/model.ts'
import { ClientSettings } from '../../../registry/oauth-model.ts'
import type { InitialAccess } from '../../../registry/registration-tokens.ts'
import { errorAnswer, printable, slowDown } from '../errors.ts'
import { emptyAnswer, jsonAnswer, type OAuthAnswer, type OAuthRequest } from '../message.ts'
import { ClientMetadata, clientFrom, fault, faultAt, type MappedClient, metadataOf } from './metadata.ts'

/** What registration may ask of the outside. Each may throw Problem store-unavailable. */
export interface RegistrationDeps {
  readonly issuer: string
  findInitialAccess(token: string): Promise<InitialAccess | undefined>
  /** @returns undefined when the token has no use left @throws Problem input-invalid */
  register(access: InitialAccess, fields: RegisteredFields): Promise<Registered | undefined>
  findRegistered(clientId: string, token: string): Promise<Credential | undefined>
  /** @throws Problem input-invalid */
  update(client: Credential, fields: RegisteredFields): Promise<Registered>
  remove(clientId: string): Promise<unknown>
  /** All scopes that clients of the application may ask for. */
  scopesOf(applicationId: string): Promise<ReadonlySet<string>>
  isSecretOf(clientId: string, secret: string): Promise<boolean>
  takeTokens(take: Take): TokensTaken | Promise<TokensTaken>
  report(error: unknown): void
}

export interface RegistrationEndpoints {
  /** `POST /oauth2/register` (RFC 7591 §3) */
  register(req: OAuthRequest): Promise<OAuthAnswer>
  /** `GET`, `PUT`, `DELETE /oauth2/register/<client_id>` (RFC 7592 §2) */
  manage(req: OAuthRequest, clientId: string): Promise<OAuthAnswer>
}

/** What is answered by throwing it. */
class Refused extends Error {
  readonly answer: OAuthAnswer
  constructor(answer: OAuthAnswer) {
    super('refused')
    this.answer = answer
  }
}

export function createRegistration(deps: RegistrationDeps): RegistrationEndpoints {
  async function register(req: OAuthRequest): Promise<OAuthAnswer> {
    if (req.method !== 'POST') return notAllowed('POST')
    const token = bearerOf(req)
    const access = await orFailed(req, () => deps.findInitialAccess(token))
    const fields = await fieldsFrom(readMetadata(req).metadata, access)
    const registered = await checked(() => deps.register(access, fields))
    if (registered === undefined) throw unauthorized()
    return answer(201, registered.credential, registered)
  }

  async function manage(req: OAuthRequest, clientId: string): Promise<OAuthAnswer> {
    if (!['GET', 'PUT', 'DELETE'].includes(req.method)) return notAllowed('GET, PUT, DELETE')
    const token = bearerOf(req)
    const client = await orFailed(req, () => deps.findRegistered(clientId, token))
    if (req.method === 'GET') return answer(200, client)
    if (req.method === 'DELETE') {
      await deps.remove(clientId)
      return emptyAnswer(204)
    }
    const left = await deps.takeTokens({ ...changesOf(client), cost: 1 })
    if (!left.isAllowed) throw slowDown('Too many changes', left.retryAfterMs)
    const { metadata, raw } = readMetadata(req)
    await requireOwn(raw, clientId)
    // No more than it has: what was taken from it, or never given, it does not give itself.
    const { profile, authorizationDetailsTypes } = client.oauth ?? ClientSettings.parse({})
    const { applicationId, scopes } = client
    const fields = await fieldsFrom(metadata, { applicationId, profile, scopes, authorizationDetailsTypes })
    const changed = await checked(() => deps.update(client, fields))
    return answer(200, changed.credential, changed)
  }

  /** RFC 7592 §2.2: what only we set is not for the client to send, and id and secret are those it has. */
  async function requireOwn(raw: Record<string, unknown>, clientId: string): Promise<void> {
    for (const name of ownMembers) if (name in raw) throw refused(fault(`${name}: is not to be sent`))
    if (raw.client_id !== clientId) throw refused(fault('client_id: is not that of this registration'))
    const { client_secret: secret } = raw
    if (secret === undefined) return
    if (typeof secret !== 'string' || !(await deps.isSecretOf(clientId, secret)))
      throw refused(fault('client_secret: is not that of this client'))
  }

  async function fieldsFrom(
    metadata: ClientMetadata,
    most: Omit<InitialAccess, 'id' | 'environment'>,
  ): Promise<MappedClient> {
    const mapped = clientFrom(metadata, most.profile)
    if ('error' in mapped) throw refused(mapped)
    const granted = await deps.scopesOf(most.applicationId)
    const beyond = mapped.scopes?.find((scope) => !granted.has(scope))
    if (beyond !== undefined) throw refused(fault(`scope: the application has no scope ${beyond}`))
    const notGiven = most.scopes && mapped.scopes?.find((scope) => !most.scopes!.includes(scope))
    if (notGiven) throw refused(fault(`scope: this client may not register for ${notGiven}`))
    const type = mapped.oauth.authorizationDetailsTypes.find(
      (one) => !most.authorizationDetailsTypes.includes(one),
    )
    if (type) throw refused(fault(`authorization_details_types: this client may not register for ${type}`))
    return { ...mapped, scopes: mapped.scopes ?? most.scopes }
  }

  async function answer(status: number, client: Credential, more?: Registered): Promise<OAuthAnswer> {
    const granted = await deps.scopesOf(client.applicationId)
    const scopes = (client.scopes ?? [...granted]).filter((scope) => granted.has(scope)).sort()
    return jsonAnswer(status, {
      client_id: client.id,
      client_id_issued_at: Math.floor(client.createdAt / 1000),
      ...(more?.secret && { client_secret: more.secret, client_secret_expires_at: 0 }),
      ...(more && { registration_access_token: more.accessToken }),
      registration_client_uri: `${deps.issuer}/oauth2/register/${client.id}`,
      ...metadataOf(client, scopes),
    })
  }

  /** Guesses are counted by where they come from. */
  async function orFailed<T>(req: OAuthRequest, look: () => Promise<T | undefined>): Promise<T> {
    const failures = { owner: networkOf(req.ip), rule: 'oauth2-registration', limit: 30, windowMs: 60_000 }
    const left = await deps.takeTokens({ ...failures, cost: 0 })
    if (left.remaining <= 0) throw slowDown('Too many failed attempts', left.resetMs)
    const found = await look()
    if (found !== undefined) return found
    await deps.takeTokens({ ...failures, cost: 1 })
    throw unauthorized()
  }

  const unauthorized = () =>
    new Refused(
      jsonAnswer(
        401,
        { error: 'invalid_token', error_description: 'The token is unknown, used up, or of another client' },
        { 'WWW-Authenticate': `Bearer realm="${deps.issuer}", error="invalid_token"` },
      ),
    )

  function bearerOf(req: OAuthRequest): string {
    const { authorization } = req.headers
    const token = /^Bearer +(\S+)$/i.exec(typeof authorization === 'string' ? authorization : '')?.[1]
    if (token !== undefined) return token
    const challenge = { 'WWW-Authenticate': `Bearer realm="${deps.issuer}"` }
    throw new Refused(
      jsonAnswer(401, { error: 'invalid_token', error_description: 'Send the token as Bearer' }, challenge),
    )
  }

  const guarded =
    <A extends unknown[]>(endpoint: (...args: A) => Promise<OAuthAnswer>) =>
    async (...args: A): Promise<OAuthAnswer> => {
      try {
        return await endpoint(...args)
      } catch (error) {
        return error instanceof Refused ? error.answer : errorAnswer(error, deps.issuer, deps.report)
      }
    }
  return { register: guarded(register), manage: guarded(manage) }
}

/** Each is written down for good, and empties caches in every gateway. */
const changesOf = ({ id, partnerId }: Credential) => ({
  owner: partnerId,
  rule: `oauth2-registration:${id}`,
  limit: 20,
  windowMs: 60_000,
})

const ownMembers = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

const refused = (reason: { readonly error: string; readonly description: string }) =>
  new Refused(jsonAnswer(400, { error: reason.error, error_description: printable(reason.description) }))

const notAllowed = (allow: string) =>
  jsonAnswer(405, { error: 'invalid_request', error_description: `Use ${allow}` }, { Allow: allow })

/** What the registry refuses is the client's metadata. */
async function checked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, errors } = asProblem(error)
    if (code !== 'input-invalid') throw error
    throw refused(faultAt(errors?.[0]?.pointer ?? '', errors?.[0]?.detail ?? 'is not valid'))
  }
}

function readMetadata(req: OAuthRequest): { metadata: ClientMetadata; raw: Record<string, unknown> } {
  const type = String(req.headers['content-type'] ?? '').split(';')[0]!
  if (type.trim().toLowerCase() !== 'application/json')
    throw refused(fault('send the metadata as application/json'))
  let raw: unknown
  try {
    raw = JSON.parse(req.rawBody)
  } catch {
    throw refused(fault('the body is not JSON'))
  }
  const parsed = ClientMetadata.safeParse(raw)
  if (parsed.success) return { metadata: parsed.data, raw: raw as Record<string, unknown> }
  const { path, message } = parsed.error.issues[0]!
  const error = path[0] === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata'
  throw refused({
    error,
    description: `${path[0] === undefined ? 'the metadata' : String(path[0])}: ${message}`,
  })
}
