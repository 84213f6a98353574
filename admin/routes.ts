import { adminTokenRoutes } from './api/admin-tokens.ts'
import { apiRoutes } from './api/apis.ts'
import { applicationRoutes } from './api/applications.ts'
import { approvalRoutes } from './api/approvals.ts'
import { auditRoutes } from './api/audit.ts'
import { codeSampleRoutes } from './api/code-samples.ts'
import { credentialRoutes } from './api/credentials.ts'
import { documentationRoutes } from './api/documentation.ts'
import { documentRoutes } from './api/documents.ts'
import { findRoutes } from './api/find.ts'
import { invitationRoutes } from './api/invitations.ts'
import { issuerRoutes } from './api/issuers.ts'
import { memberRoutes } from './api/members.ts'
import { operationRoutes } from './api/operations.ts'
import { ownSessionRoutes } from './api/own-sessions.ts'
import { partnerRoutes } from './api/partners.ts'
import { passwordRoutes } from './api/passwords.ts'
import { peopleRoutes } from './api/people.ts'
import { planRoutes } from './api/plans.ts'
import { portalRoutes } from './api/portal/index.ts'
import { registrationTokenRoutes } from './api/registration-tokens.ts'
import { requestRoutes } from './api/requests.ts'
import { secondFactorRoutes } from './api/second-factor.ts'
import { sessionRoutes } from './api/session.ts'
import { settingsRoutes } from './api/settings.ts'
import { signingKeyRoutes } from './api/signing-keys.ts'
import { snapshotRoutes } from './api/snapshots.ts'
import { probeRoutes, statusRoutes } from './api/status.ts'
import { subscriptionRoutes } from './api/subscriptions.ts'
import { tokenRoutes } from './api/tokens.ts'
import { trafficRoutes } from './api/traffic.ts'
import { tryRoutes } from './api/try.ts'
import { upstreamHealthRoutes } from './api/upstream-health.ts'
import { upstreamRoutes } from './api/upstreams.ts'
import { versionRoutes } from './api/versions.ts'
import { describeRoutes } from './describe.ts'
import type { Metrics } from './metrics.ts'
import { type AnyRoute, route } from './route.ts'

/** Every address of the admin service but the pages of its documents: what is mounted and what is described. */
export function allRoutes(metrics: Metrics): AnyRoute[] {
  const routes: AnyRoute[] = [
    ...apiRoutes,
    ...versionRoutes,
    ...documentRoutes,
    ...documentationRoutes,
    ...operationRoutes,
    ...upstreamRoutes,
    ...upstreamHealthRoutes,
    ...planRoutes,
    ...partnerRoutes,
    ...applicationRoutes,
    ...subscriptionRoutes,
    ...credentialRoutes,
    ...registrationTokenRoutes,
    ...approvalRoutes,
    ...portalRoutes,
    ...tokenRoutes,
    ...settingsRoutes,
    ...snapshotRoutes,
    ...statusRoutes,
    ...auditRoutes,
    ...findRoutes,
    ...trafficRoutes,
    ...requestRoutes,
    ...adminTokenRoutes,
    ...signingKeyRoutes,
    ...issuerRoutes,
    ...sessionRoutes,
    ...ownSessionRoutes,
    ...secondFactorRoutes,
    ...passwordRoutes,
    ...invitationRoutes,
    ...peopleRoutes,
    ...memberRoutes,
    ...tryRoutes,
    ...codeSampleRoutes,
    ...probeRoutes(metrics),
    route({
      id: 'getOpenApi',
      method: 'get',
      path: '/api/openapi.json',
      tag: 'Probes',
      summary: 'This document.',
      permission: 'public',
      answer: { status: 200, types: ['application/json'] },
      handle: async () => ({ raw: { type: 'application/json', bytes: text } }),
    }),
  ]
  const text = JSON.stringify(describeRoutes(routes))
  return routes
}
