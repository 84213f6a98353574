/** What the demo registers: the nouns as one would write them oneself. */

export const paymentPath = '/payments/v1/payment'
/** A GET whose scope the demo's client lacks. */
export const deniedScopePath = '/payments/v1/accounts/acc_1/transactions'
export const lackedScope = 'transactions:read'
/** A GET with a limit of its own, low enough to be met by hand. */
export const curlPath = '/payments/v1/accounts/acc_1/balance'
const limitedOperation = 'getBalance'

export const documents = [
  { name: 'v1', file: 'examples/payments/v1.yaml' },
  { name: 'v2', file: 'examples/payments/v2.yaml' },
] as const

/** @param pages origins whose pages may call: where the admin service shows the documents with their “try it” */
export const apiFor = (pages: readonly string[]) => ({
  name: 'payments',
  title: 'Payments',
  description: 'Pays, tops up, withdraws and transfers. An example that runs beside the platform.',
  owner: 'payments team',
  policies: { cors: { origins: pages } },
})

/** Three instances of like strength: while they are idle, calls go to any of them. */
export function upstreamOn(services: readonly string[]) {
  return {
    name: 'payments-demo',
    title: 'The example payments service',
    strategy: 'least-connections',
    targets: services.map((url, i) => ({ id: `service-${i + 1}`, url })),
  }
}

export const plan = {
  name: 'starter',
  title: 'Starter',
  description: 'Enough to try things out.',
  approval: 'auto',
  policies: { 'rate-limit': { limit: 100, windowSeconds: 10 } },
}

export const versionOf = (name: string, upstreamId: string, planId: string) => ({
  name,
  routing: { by: 'path', basePath: `/payments/${name}` },
  upstreamPath: `/${name}`,
  upstreams: { sandbox: upstreamId, live: upstreamId },
  plans: [planId],
  operations: { [limitedOperation]: { policies: { 'rate-limit': { limit: 5, windowSeconds: 60 } } } },
})

export const partner = { name: 'demo-shop', title: 'Demo Shop', contact: 'shop@example.com' }
export const application = { name: 'web-shop', title: 'Web shop' }
