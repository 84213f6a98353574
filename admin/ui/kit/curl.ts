/** A call, complete. */
export interface SampleCall {
  readonly method: string
  readonly url: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  readonly body: { readonly type: string; readonly text: string } | null
}

/** A header that carries a secret: `variable` is read from the environment unless the secret itself is given. */
export interface SampleCredential {
  readonly header: string
  /** Stands before the secret, e.g. `Bearer `. */
  readonly prefix: string
  readonly variable: string
  readonly secret?: string
}

export const apiKeyCredential = { header: 'X-API-Key', prefix: '', variable: 'API_KEY' } as const
export const tokenCredential = {
  header: 'Authorization',
  prefix: 'Bearer ',
  variable: 'ACCESS_TOKEN',
} as const

/** A call as a command of curl, to paste into any shell. */
export function curlOf({ method, url, headers, body }: SampleCall, credential?: SampleCredential): string {
  const lines = [method === 'GET' ? `curl ${quoted(url)}` : `curl -X ${method} ${quoted(url)}`]
  // `--globoff`: braces and brackets of an address are meant as they stand.
  if (/[[\]{}]/.test(url)) lines[0] = lines[0]!.replace('curl', 'curl --globoff')
  if (credential) lines.push(`-H ${headerOf(credential)}`)
  for (const { name, value } of headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`)
  if (body) {
    lines.push(`-H ${quoted(`Content-Type: ${body.type}`)}`)
    // `--data-raw`, as `-d` would read a text that begins with `@` as the name of a file.
    lines.push(`--data-raw ${quoted(body.text)}`)
  }
  return lines.join(' \\\n  ')
}

function headerOf({ header, prefix, variable, secret }: SampleCredential): string {
  return secret === undefined ? `"${header}: ${prefix}$${variable}"` : quoted(`${header}: ${prefix}${secret}`)
}

/** Inside single quotes a shell reads nothing but the end. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
