import { z } from 'zod'
import { appendHeader, removeHeaders, setHeader } from './header-list.ts'
import type { Policy, Reply } from './policy.ts'

const HeaderName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'a header name')
const Origin = z
  .string()
  .refine(
    (text) =>
      text === '*' ||
      (URL.canParse(text) && /^https?:\/\/[a-z0-9.:[\]-]+$/.test(text) && new URL(text).origin === text),
    '`*`, or an origin in lower case such as https://shop.example, without path and default port',
  )

const schema = z
  .strictObject({
    origins: z
      .array(Origin)
      .min(1)
      .max(1_000)
      .describe('Origins whose pages may call, each exactly as browsers send it; `*`: all.'),
    methods: z
      .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']))
      .default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .describe('Methods that pages may use.'),
    requestHeaders: z
      .array(HeaderName)
      .default(['Authorization', 'Content-Type', 'Idempotency-Key', 'X-API-Key'])
      .describe('Headers that pages may send.'),
    exposedHeaders: z
      .array(HeaderName)
      .default([])
      .describe('Headers of the answer that pages may read, besides the few that browsers always show.'),
    allowsCredentials: z
      .boolean()
      .default(false)
      .describe('Whether pages may send cookies and the like. Needs listed origins, not `*`.'),
    maxAgeSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(600)
      .describe('How long browsers may remember what they were told, in seconds.'),
  })
  // Any page of the web, acting with the cookies of whoever looks at it: never meant.
  .refine((c) => !(c.allowsCredentials && c.origins.includes('*')), {
    path: ['allowsCredentials'],
    message: 'name the origins: credentials cannot go with `*`',
  })

/** Cross-origin calls from browsers (Fetch standard, "CORS protocol"). An origin that is not listed is told nothing. */
export const cors: Policy<z.infer<typeof schema>> = {
  name: 'cors',
  summary: 'Lets pages of other origins call from a browser.',
  schema,
  compile(config) {
    const allowsAll = config.origins.includes('*')
    const origins = new Set(config.origins)
    const methods = config.methods.join(', ')
    const requestHeaders = config.requestHeaders.join(', ')
    const exposedHeaders = config.exposedHeaders.join(', ')
    const maxAge = String(config.maxAgeSeconds)
    const noContent: Reply = { status: 204, headers: [] }

    return {
      onRequest(x) {
        const { headers, method } = x.request
        const origin = headers.origin as string | undefined
        const isPreflight =
          method === 'OPTIONS' &&
          origin !== undefined &&
          headers['access-control-request-method'] !== undefined
        const out = x.responseHeaders
        // Also for calls without an origin: a cache must not hand their answer to a page, or the other way round.
        if (!allowsAll) appendHeader(out, 'Vary', 'Origin')
        if (isPreflight)
          appendHeader(out, 'Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers')
        if (origin !== undefined && (allowsAll || origins.has(origin))) {
          setHeader(out, 'Access-Control-Allow-Origin', allowsAll ? '*' : origin)
          if (config.allowsCredentials) setHeader(out, 'Access-Control-Allow-Credentials', 'true')
          if (isPreflight) {
            setHeader(out, 'Access-Control-Allow-Methods', methods)
            if (requestHeaders) setHeader(out, 'Access-Control-Allow-Headers', requestHeaders)
            setHeader(out, 'Access-Control-Max-Age', maxAge)
          } else if (exposedHeaders) setHeader(out, 'Access-Control-Expose-Headers', exposedHeaders)
        }
        return isPreflight ? noContent : undefined
      },
      // What the service says of origins is not asked: two answers in one response make browsers refuse both.
      onResponse: (x) => removeHeaders(x.response!.headers, (name) => name.startsWith('access-control-')),
    }
  },
}
