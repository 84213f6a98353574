import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { SendToHook } from '../../policies/oauth2/people/index.ts'

export interface HookAddress {
  readonly url: string
  /** For the whole answer. */
  readonly timeoutMs: number
  /** PEM; undefined: those that Node knows. */
  readonly ca: readonly string[] | undefined
}

const mostAnswerBytes = 16_384

/** Sends to the bank's hook. node:http follows no redirect, and neither do we: a 3xx is an answer that is none. */
export function createHookSender({ url, timeoutMs, ca }: HookAddress): SendToHook {
  const isHttps = url.startsWith('https:')
  const agent = isHttps
    ? new HttpsAgent({ keepAlive: true, ...(ca && { ca: [...ca] }) })
    : new HttpAgent({ keepAlive: true })
  return (body, headers) =>
    new Promise((resolve, reject) => {
      const request = isHttps ? requestHttps : requestHttp
      const length = String(Buffer.byteLength(body))
      const req = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': length } })
      const fail = (why: string) => {
        clearTimeout(timer)
        req.destroy()
        reject(new Error(`the subject hook ${why}`))
      }
      const timer = setTimeout(() => fail(`did not answer within ${timeoutMs} ms`), timeoutMs)
      // Only the code: the message of an error may hold addresses, and never what was sent.
      req.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be reached: ${error.code ?? 'unknown'}`))
      req.once('response', (res) => {
        const chunks: Buffer[] = []
        let bytes = 0
        res.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > mostAnswerBytes) fail('answered too much')
          else chunks.push(chunk)
        })
        res.on('error', () => fail('broke off'))
        res.once('end', () => {
          clearTimeout(timer)
          resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
        })
      })
      req.end(body)
    })
}
