import type { Found } from './found.ts'

/** The screen of what was found. */
export function addressOf({ kind, id, apiId, partnerId, applicationId }: Found): string {
  switch (kind) {
    case 'api':
      return `/admin/apis/${id}`
    case 'version':
      return `/admin/apis/${apiId}/versions`
    case 'upstream':
      return `/admin/backends/${id}`
    case 'plan':
      return '/admin/plans'
    case 'partner':
      return `/admin/partners/${id}`
    case 'application':
      return `/admin/partners/${partnerId}`
    case 'credential':
    case 'subscription':
      return `/admin/partners/${partnerId}?application=${applicationId}`
  }
}

/** The screen that explains a call. */
export const addressOfCall = (id: string) => `/admin/requests?call=${id}`
