import type { Found } from './found.ts'

/** The screen of what was found; undefined while it has none. */
export function addressOf({ kind, id, partnerId, applicationId }: Found): string | undefined {
  switch (kind) {
    case 'api':
      return '/admin/apis'
    case 'version':
      return `/admin/versions/${id}/docs`
    case 'upstream':
      return `/admin/backends/${id}`
    case 'plan':
      return undefined
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
