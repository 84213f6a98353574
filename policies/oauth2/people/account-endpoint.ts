import { readForm } from '../form.ts'
import type { OAuthAnswer, OAuthRequest } from '../message.ts'
import { recordTakingBack } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { type Allowed, accountPage } from './pages/account.ts'
import { messagePage } from './pages/message.ts'
import { seeOther } from './pages/page.ts'
import { addressOf, contextOf, parameterOf } from './request-context.ts'
import { csrfToken, isCsrfToken, isFromOurPage } from './same-page.ts'
import { endSession, findSession, type Session } from './sessions.ts'

export const accountPath = '/oauth2/account'

/** What the person has allowed, to take it back, and the way out: `/oauth2/account`. @throws as `answerInteraction` */
export async function answerAccount(deps: PeopleDeps, req: OAuthRequest): Promise<OAuthAnswer> {
  const context = contextOf(deps, req, accountPath)
  const session = await findSession(deps, req)
  if (!session) return messagePage(context, 'signedOut')
  const csrf = csrfToken(deps, 'account', session.id)
  if (req.method === 'GET') {
    const allowed = await allowedBy(deps, session)
    return accountPage(context, {
      action: context.address!,
      csrf,
      personName: session.displayName,
      allowed,
      isTakenBack: parameterOf(req, 'done') !== undefined,
    })
  }
  if (!isFromOurPage(req, deps.issuer)) return messagePage(context, 'ended', { status: 403 })
  const form = readForm(req)
  const goTo = (more?: Record<string, string>, cookies?: string[]) =>
    seeOther(addressOf(deps, req, accountPath, more), context.isHttps, cookies)
  if (!isCsrfToken(form.get('csrf'), csrf)) return goTo()
  if (form.get('step') === 'sign-out') return goTo({}, [await endSession(deps, req)])
  const clientId = form.get('client')
  if (form.get('step') !== 'take-back' || clientId === undefined) return goTo()
  await takeBack(deps, session, clientId)
  return goTo({ done: '1' })
}

/** What is remembered and codes first: else a new grant could come while the old ones end. */
async function takeBack(deps: PeopleDeps, { subject }: Session, clientId: string): Promise<void> {
  await recordTakingBack(deps, subject, clientId)
  await deps.consents.withdraw(subject, clientId)
  for (const family of await deps.familiesOf(subject))
    if (family.credentialId === clientId) await deps.families.revoke(family.id)
}

/** One entry for each client, however often it asked. */
async function allowedBy(deps: PeopleDeps, { subject }: Session): Promise<Allowed[]> {
  const byClient = Map.groupBy(await deps.familiesOf(subject), ({ credentialId }) => credentialId)
  const entries = [...byClient].map(async ([clientId, families]): Promise<Allowed[]> => {
    const client = await deps.describeClient(clientId)
    if (!client) return []
    const scopes = [...new Set(families.flatMap((family) => family.scopes))]
    return [
      {
        clientId,
        application: client.application,
        partner: client.partner,
        scopes: scopes.map((scope) => ({ scope, description: client.scopes.get(scope) ?? '' })),
        payments: families.reduce((sum, family) => sum + (family.authorizationDetails?.length ?? 0), 0),
        since: Math.min(...families.map(({ createdAt }) => createdAt)),
        until: Math.max(...families.map(({ expiresAt }) => expiresAt)),
      },
    ]
  })
  return (await Promise.all(entries)).flat()
}
