import { z } from 'zod'

/** Fields that all limits have. */

const header = z
  .strictObject({
    header: z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, { error: 'a header name' })
      .transform((name) => name.toLowerCase())
      .describe('Name of a request header.'),
  })
  .describe('Each value of a header of the request.')
const bodyPointer = z
  .strictObject({
    bodyPointer: z
      .string()
      .regex(/^(\/[^/]*)+$/, { error: 'a JSON pointer, e.g. /payer/account' })
      .max(256)
      .describe('JSON pointer (RFC 6901) into the body.'),
  })
  .describe('Each value at a place of a JSON body.')

export const per = z
  .union([z.enum(['application', 'partner', 'plan', 'operation', 'address']), header, bodyPointer])
  .default('application')
  .describe(
    'Who shares one count. `application`, `partner`: all its calls. `plan`: all calls of a partner under the same plan. `operation`: the calls of an application to one operation. `address`: all calls from one address; of IPv6, from one /64. `{"header": "X-Payer"}`, `{"bodyPointer": "/payer/account"}`: of a partner, all calls with the same value there, and those without one together; the body is then read whole before the call goes on. Calls without a credential are counted by address, those without a plan by application.',
  )
export type Per = z.infer<typeof per>

export const whenStoreFails = z
  .enum(['allow', 'share', 'refuse'])
  .default('allow')
  .describe(
    'What happens to calls while Redis cannot be reached. `allow`: they pass uncounted. `share`: each gateway counts for itself, up to its share of the limit. `refuse`: 503.',
  )

export const mode = z
  .enum(['enforce', 'observe'])
  .default('enforce')
  .describe(
    '`observe`: counts, and says in log and metrics what it would have refused, but refuses nothing and shows no headers.',
  )
