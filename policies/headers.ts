import { z } from 'zod'
import { appendHeader, removeHeader, setHeader } from './header-list.ts'
import type { HeaderList, Policy } from './policy.ts'

/**
 * Belong to one connection (RFC 9110 §7.6.1), to the framing of the message, or to routing. Whoever could set them
 * could make the service read another message than the one that was checked.
 */
const untouchable = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const Name = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'a header name')
  .refine((name) => !isUntouchable(name.toLowerCase()), 'this header is set by the gateway itself')
/** `x-gateway-…` tells the service who calls. Some services read `X_Gateway_Partner` as the same header. */
function isUntouchable(lowerName: string): boolean {
  const name = lowerName.replaceAll('_', '-')
  return untouchable.has(name) || name.startsWith('x-gateway-')
}
const Value = z
  .string()
  .max(4_096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value: one line, no control characters')
const Values = z.record(Name, Value).default({})

const Changes = z
  .strictObject({
    remove: z.array(Name).default([]).describe('Headers taken out. Comes first.'),
    set: Values.describe('Headers put in place of what is there.'),
    append: Values.describe('Headers added as a further line.'),
  })
  .prefault({})
type Changes = z.infer<typeof Changes>

const schema = z.strictObject({
  request: Changes.describe(
    'On the way to the service. Not for secrets: whoever may read the config sees the values.',
  ),
  response: Changes.describe('On the way back to the caller.'),
})

export const headers: Policy<z.infer<typeof schema>> = {
  name: 'headers',
  summary: 'Sets, adds and removes headers on the way in and on the way out.',
  schema,
  compile({ request, response }) {
    const changeRequest = changer(request)
    const changeResponse = changer(response)
    return {
      ...(changeRequest && { onUpstream: (x) => changeRequest(x.outgoing!.headers) }),
      ...(changeResponse && { onResponse: (x) => changeResponse(x.response!.headers) }),
    }
  },
}

function changer({ remove, set, append }: Changes): ((list: HeaderList) => void) | undefined {
  const sets = Object.entries(set)
  const appends = Object.entries(append)
  if (remove.length + sets.length + appends.length === 0) return undefined
  return (list) => {
    for (const name of remove) removeHeader(list, name)
    for (const [name, value] of sets) setHeader(list, name, value)
    for (const [name, value] of appends) appendHeader(list, name, value)
  }
}
