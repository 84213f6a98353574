import { type HarRequest, HTTPSnippet } from '@readme/httpsnippet'
import { z } from 'zod'
import { dialects, languages } from './languages.ts'

const Pair = z.strictObject({ name: z.string().min(1).max(200), value: z.string().max(4_000) })

export const SampleRequest = z
  .strictObject({
    language: z.enum(languages),
    method: z.string().regex(/^[A-Z]{3,10}$/, 'a method in capitals'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(8_000)
      .describe('Complete. Path parameters may stand in braces.'),
    headers: z.array(Pair).max(50).default([]),
    body: z
      .strictObject({ type: z.string().min(1).max(200), text: z.string().max(500_000) })
      .nullable()
      .default(null),
    credential: z
      .enum(['api-key', 'token'])
      .nullable()
      .default(null)
      .describe('Kind of the credential. The sample reads it from its environment: do not send it here.'),
  })
  .meta({ id: 'CodeSampleRequest' })
export type SampleRequest = z.infer<typeof SampleRequest>

export const Sample = z.object({
  code: z.string(),
  secret: z
    .string()
    .nullable()
    .describe('The expression of the code that reads the credential, e.g. `process.env.API_KEY`.'),
})

/** Stands for the credential while httpsnippet writes; no word of any call. */
const mark = '5ecre7-goes-here'

const credentials = {
  'api-key': { variable: 'API_KEY', header: { name: 'X-API-Key', value: mark } },
  token: { variable: 'ACCESS_TOKEN', header: { name: 'Authorization', value: `Bearer ${mark}` } },
} as const

/** A call as a program in a language. Secrets are read from the environment, so that none lands in a repository. */
export function sampleOf(request: SampleRequest): z.infer<typeof Sample> {
  const dialect = dialects[request.language]
  const credential = request.credential && credentials[request.credential]
  const written = writtenBy(dialect.target, harOf(request, credential?.header))
  const secret = credential ? dialect.environment(credential.variable) : null
  const code = secret === null ? written : withSecret(written, secret, dialect.join)
  return { code: dialect.complete(withBraces(code), secret !== null), secret }
}

function writtenBy([target, client]: readonly [string, string], har: HarRequest): string {
  const written = new HTTPSnippet(har).convert(target as never, client)
  return Array.isArray(written) ? String(written[0] ?? '') : String(written || '')
}

function harOf({ method, url, headers, body }: SampleRequest, credential?: { name: string; value: string }) {
  const type = body ? [{ name: 'Content-Type', value: body.type }] : []
  return {
    method,
    url,
    httpVersion: 'HTTP/1.1',
    headers: [...(credential ? [credential] : []), ...headers, ...type],
    queryString: [],
    cookies: [],
    headersSize: -1,
    bodySize: -1,
    ...(body && { postData: postDataOf(body) }),
  } as unknown as HarRequest
}

/** A form is given field by field: every language has its own way to write one. */
function postDataOf({ type, text }: { type: string; text: string }) {
  if (!type.startsWith('application/x-www-form-urlencoded')) return { mimeType: type, text }
  const params = [...new URLSearchParams(text)].map(([name, value]) => ({ name, value }))
  return { mimeType: type, params }
}

/** `'Bearer <mark>'` as `'Bearer ' + <expression>`, in the quotes that the language uses. */
function withSecret(code: string, expression: string, join: string): string {
  return code.replace(
    new RegExp(`(['"])((?:(?!\\1).)*)${mark}\\1`, 'g'),
    (_, quote: string, before: string) =>
      before === '' ? expression : `${quote}${before}${quote} ${join} ${expression}`,
  )
}

/** Braces of path parameters, which addresses encode. */
const withBraces = (code: string) => code.replace(/%7B([\w.-]+)%7D/gi, '{$1}')
