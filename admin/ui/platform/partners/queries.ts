import { queryOptions } from '@tanstack/react-query'
import { api, dataOf, type Schemas, type Versioned, versioned } from '../../api/client.ts'

export type Partner = Schemas['Partner']
export type Application = Schemas['Application']
export type Credential = Schemas['Credential']
export type Subscription = Schemas['Subscription']

export const partnersQuery = queryOptions({
  queryKey: ['partners'],
  queryFn: () => dataOf(api.GET('/api/partners', { params: { query: { limit: 200 } } })),
})

export const readPartner = (partner: string): Promise<Versioned<Partner>> =>
  versioned(api.GET('/api/partners/{partner}', { params: { path: { partner } } }))

export const partnerQuery = (partner: string) =>
  queryOptions({ queryKey: ['partners', partner], queryFn: () => readPartner(partner) })

export const savePartner = (value: Partner, etag: string) =>
  versioned(
    api.PUT('/api/partners/{partner}', {
      params: { path: { partner: value.id }, header: { 'If-Match': etag } },
      body: value,
    }),
  )

export const createPartner = (body: { name: string; title: string; contact: string }) =>
  dataOf(api.POST('/api/partners', { body }))

export const applicationsQuery = (partner: string) =>
  queryOptions({
    queryKey: ['partners', partner, 'applications'],
    queryFn: () =>
      dataOf(
        api.GET('/api/partners/{partner}/applications', {
          params: { path: { partner }, query: { limit: 200 } },
        }),
      ),
  })

const ofApplication = (application: string) => ({
  params: { path: { application }, query: { limit: 200 } },
})

export const credentialsQuery = (application: string) =>
  queryOptions({
    queryKey: ['applications', application, 'credentials'],
    queryFn: () => dataOf(api.GET('/api/applications/{application}/credentials', ofApplication(application))),
  })

export const subscriptionsQuery = (application: string) =>
  queryOptions({
    queryKey: ['applications', application, 'subscriptions'],
    queryFn: () =>
      dataOf(api.GET('/api/applications/{application}/subscriptions', ofApplication(application))),
  })

/** `payments v1` for the id of a version. */
export const versionNameQuery = (version: string) =>
  queryOptions({
    queryKey: ['version-name', version],
    staleTime: 60_000,
    queryFn: async () => {
      const found = await dataOf(api.GET('/api/versions/{version}', { params: { path: { version } } }))
      const path = { api: found.apiId }
      const { name } = await dataOf(api.GET('/api/apis/{api}', { params: { path } }))
      return `${name} ${found.name}`
    },
  })

export const plansQuery = queryOptions({
  queryKey: ['plans'],
  queryFn: () => dataOf(api.GET('/api/plans', { params: { query: { limit: 200 } } })),
})
