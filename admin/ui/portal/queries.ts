import { queryOptions } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { api, dataOf, type Schemas } from '../api/client.ts'
import { useSession } from '../app/use-session.ts'

export type PortalVersion = Schemas['PortalVersion']
export type Credential = Schemas['Credential']

/** The partner that the address names. */
export const usePartner = (): string => (useParams({ strict: false }) as { partner?: string }).partner ?? ''

/** What the person may do in the partner that the address names. */
export function usePortalPermissions(): readonly string[] {
  const partner = usePartner()
  return useSession().partners.find((one) => one.name === partner || one.id === partner)?.permissions ?? []
}

const at = (partner: string) => ({ params: { path: { partner } } })

export const catalogQuery = (partner: string) =>
  queryOptions({
    queryKey: ['portal', partner, 'catalog'],
    queryFn: () => dataOf(api.GET('/api/portal/{partner}/catalog', at(partner))),
  })

export const applicationsQuery = (partner: string) =>
  queryOptions({
    queryKey: ['portal', partner, 'applications'],
    queryFn: () =>
      dataOf(
        api.GET('/api/portal/{partner}/applications', {
          params: { path: { partner }, query: { limit: 200 } },
        }),
      ),
  })

export const credentialsQuery = (partner: string) =>
  queryOptions({
    queryKey: ['portal', partner, 'credentials'],
    queryFn: () => dataOf(api.GET('/api/portal/{partner}/credentials', at(partner))),
  })

export const subscriptionsQuery = (partner: string) =>
  queryOptions({
    queryKey: ['portal', partner, 'subscriptions'],
    queryFn: () => dataOf(api.GET('/api/portal/{partner}/subscriptions', at(partner))),
  })

export const noticesQuery = (partner: string) =>
  queryOptions({
    queryKey: ['portal', partner, 'notices'],
    queryFn: () => dataOf(api.GET('/api/portal/{partner}/notices', at(partner))),
  })

/** After a change of the partner's own. */
export const ownKey = (partner: string) => ['portal', partner]
