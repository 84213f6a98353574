import { partnerRoles, type platformRoles } from '../../../admin/auth/rules.ts'
import { invite } from '../../../registry/people.ts'
import type { Invitation } from '../../../registry/people-model.ts'
import { codeOf, consolePerson } from '../../support/console-person.ts'
import type { ConsolePlatform } from './platform.ts'
import type { WindowOptions } from './window.ts'

export type Role = keyof typeof platformRoles | keyof typeof partnerRoles

/** The demo's partner, of which those with a partner's role are members. */
export const demoPartner = 'demo-shop'

export const peoplesPassword = 'seven quiet rivers 9'

let people = 0

/**
 * Somebody new with this role, who came by an invitation, set up a second factor where the platform asks for one, and is
 * signed in: the cookies of their browser.
 */
export async function signedIn(
  platform: ConsolePlatform,
  role: Role,
): Promise<NonNullable<WindowOptions['cookies']>> {
  const { registry, url } = platform
  const email = `${role}-${++people}@people.example`
  const rights = await rightsOf(platform, role)
  const { token } = await invite(registry, { id: 'test' }, { email, ...rights })
  const person = consolePerson(url)
  const ask = async (path: string, body: object) => {
    const answer = await person.ask('POST', path, body)
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  await ask('/api/invitations/accept', { token, name: names[role], password: peoplesPassword })
  await ask('/api/session', { email, password: peoplesPassword })
  if (rights.roles.length > 0) {
    const { uri } = await ask('/api/second-factor', { password: peoplesPassword })
    await ask('/api/second-factor/confirm', { code: codeOf(uri) })
  }
  return [...person.cookies].map(([name, value]) => ({
    name,
    value,
    url,
    httpOnly: true,
    sameSite: 'Lax' as const,
  }))
}

const names: Record<Role, string> = {
  'platform-owner': 'Olga Owner',
  'platform-operator': 'Otto Operator',
  'platform-viewer': 'Vera Viewer',
  auditor: 'Anna Auditor',
  'partner-owner': 'Paula Partner',
  'partner-developer': 'Dev Patel',
  'partner-viewer': 'Wei Wang',
}

type Rights = Pick<Invitation, 'roles' | 'membership'>

async function rightsOf({ api }: ConsolePlatform, role: Role): Promise<Rights> {
  if (!(role in partnerRoles)) return { roles: [role as Rights['roles'][number]], membership: null }
  const partner = await api.get<{ id: string }>(`/api/partners/${demoPartner}`)
  const membership = { partnerId: partner!.body.id, role: role as keyof typeof partnerRoles }
  return { roles: [], membership }
}
