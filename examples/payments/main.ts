import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { createPayments } from './app.ts'
import { Behaviour } from './behaviour.ts'

/**
 * One instance of the example payments service. Several can run; each has books of its own, in memory.
 * Prints one line of JSON, `{"url": …}`, when it listens.
 */
const env = z
  .object({
    LISTEN_HOST: z.string().default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    INSTANCE: z.string().default(`payments-${process.pid}`),
    DELAY_MS: z.coerce.number().default(0),
    FAIL_RATE: z.coerce.number().default(0),
    FAIL_STATUS: z.coerce.number().default(500),
    HANG: z.enum(['true', 'false']).default('false'),
  })
  .parse(process.env)

const app = createPayments({
  instance: env.INSTANCE,
  behaviour: Behaviour.parse({
    delayMs: env.DELAY_MS,
    failRate: env.FAIL_RATE,
    failStatus: env.FAIL_STATUS,
    hang: env.HANG === 'true',
  }),
})
const server = createServer(app)
// Longer than a gateway keeps idle connections, so that none is closed just as a call is sent on it.
server.keepAliveTimeout = 75_000
server.listen(env.PORT, env.LISTEN_HOST, () => {
  const { address, port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://${address}:${port}`, instance: env.INSTANCE })}\n`)
})

let isStopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (isStopping) return
    isStopping = true
    // Calls in flight finish; one that was told to hang does not hold up the end.
    server.close(() => process.exit(0))
    setTimeout(() => server.closeAllConnections(), 5_000).unref()
  })
