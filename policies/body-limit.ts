import { z } from 'zod'
import { problem } from '../registry/base/problem.ts'
import type { Policy } from './policy.ts'

const schema = z.strictObject({
  maxBytes: z
    .int()
    .nonnegative()
    .describe('Most bytes of a request’s body. Stands in place of the gateway’s own limit, also above it.'),
})

export const bodyLimit: Policy<z.infer<typeof schema>> = {
  name: 'body-limit',
  summary: 'Refuses requests whose body is too large.',
  schema,
  compile({ maxBytes }) {
    const detail = `Send at most ${maxBytes} bytes.`
    return {
      onRequest(x) {
        // A stated length is refused before a byte of the body is read; without one, the bytes are counted on the way.
        if ((x.request.contentLength ?? 0) > maxBytes) throw problem('body-too-large', { detail })
        x.request.maxBodyBytes = maxBytes
      },
    }
  },
}
