import { createServer } from 'node:http'
import { createPayments, type PaymentsOptions } from '../../examples/payments/app.ts'
import { listen, shut } from './seen.ts'

/** The example service in this process, on a free port. */
export async function startPayments(options: Partial<PaymentsOptions> = {}) {
  const server = createServer(createPayments({ instance: 'test', ...options }))
  const url = await listen(server)
  return {
    url,
    close: () => shut(server),
    call: async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(url + path, {
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';')
      return { status: response.status, headers: response.headers, mediaType, body: text && JSON.parse(text) }
    },
  }
}
