import type { Api, Application, Credential, Partner, Plan, Upstream, Version } from '../../registry/model.ts'
import type { Client, Fetched, RefusalError } from './client.ts'

/** Scripts speak in names; the API mostly in ids. Each of these takes either. */

export async function findApi(client: Client, name: string): Promise<Fetched<Api> | undefined> {
  return orNothing(client.get<Api>(`/api/apis/${encodeURIComponent(name)}`))
}

export async function requireUpstream(client: Client, name: string): Promise<Fetched<Upstream>> {
  return client.get<Upstream>(`/api/upstreams/${encodeURIComponent(name)}`)
}

export async function findVersion(
  client: Client,
  apiId: string,
  name: string,
): Promise<Fetched<Version> | undefined> {
  const [found] = await client.all<Version>(`/api/apis/${apiId}/versions`, { name })
  return found && client.get<Version>(`/api/versions/${found.id}`)
}

/** `payments/v1`, or a version's id. */
export async function requireVersion(client: Client, text: string): Promise<Version> {
  const [apiName = '', versionName] = text.split('/')
  if (versionName === undefined)
    return (await client.get<Version>(`/api/versions/${encodeURIComponent(text)}`)).body
  const [found] = await client.all<Version>(`/api/apis/${encodeURIComponent(apiName)}/versions`, {
    name: versionName,
  })
  return found ?? missing('version', text)
}

export async function requirePartner(client: Client, name: string): Promise<Fetched<Partner>> {
  return client.get<Partner>(`/api/partners/${encodeURIComponent(name)}`)
}

/** `acme/checkout` (partner and application), or an application's id. */
export async function requireApplication(client: Client, text: string): Promise<Fetched<Application>> {
  const [partnerName = '', name] = text.split('/')
  if (name === undefined) return client.get<Application>(`/api/applications/${encodeURIComponent(text)}`)
  const partner = await requirePartner(client, partnerName)
  const [found] = await client.all<Application>(`/api/partners/${partner.body.id}/applications`, { name })
  return found ? client.get<Application>(`/api/applications/${found.id}`) : missing('application', text)
}

export async function requirePlan(client: Client, name: string): Promise<Fetched<Plan>> {
  return client.get<Plan>(`/api/plans/${encodeURIComponent(name)}`)
}

export type CredentialView = Omit<Credential, 'secrets' | 'registration'> & {
  readonly lastUsedAt: number | null
  readonly secrets: readonly { id: string; hint: string; expiresAt: number | null }[]
}

async function orNothing<T>(fetching: Promise<T>): Promise<T | undefined> {
  try {
    return await fetching
  } catch (error) {
    if ((error as Partial<RefusalError>).problem?.code === 'not-found') return undefined
    throw error
  }
}

function missing(noun: string, name: string): never {
  throw new Error(`There is no ${noun} "${name}".`)
}
