import { valueAt } from '../../registry/base/pointer.ts'
import type { IncomingRequest } from '../policy.ts'

/** What a call says of the payment, read so that the service cannot read another one. */

/** Fatal: other bytes than UTF-8, or a mark before the text, would be read differently by different programs. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Whether a service takes the body for what we do: said once to be JSON, in UTF-8, not encoded. One text can be JSON and a
 * form at the same time (`{"x":"&amount=99999&y=", …}`), and services choose the reader by Content-Type.
 */
export function isSaidToBeJson({
  headers,
  rawHeaders,
}: Pick<IncomingRequest, 'headers' | 'rawHeaders'>): boolean {
  const type = headers['content-type']
  const encoding = headers['content-encoding']
  if (typeof type !== 'string' || (encoding !== undefined && encoding !== 'identity')) return false
  let lines = 0
  // Some services read `Content_Type` as `Content-Type`.
  for (let i = 0; i < rawHeaders.length; i += 2) if (/^content[-_]type$/i.test(rawHeaders[i]!)) lines++
  if (lines > 1 || type.includes(',')) return false
  const [name, ...parameters] = type.split(';').map((part) => part.trim().toLowerCase())
  return (
    /^application\/(?:[a-z0-9.-]+\+)?json$/.test(name!) &&
    parameters.every((one) => !one.startsWith('charset') || /^charset="?utf-8"?$/.test(one))
  )
}

/**
 * A JSON body with its numbers as they were written, each as text: 12350.0 and 1235e1 are told from 12350.
 *
 * @returns undefined when it is not JSON, or when an object has a member twice, of which services take one or the other;
 * also where two differ in upper and lower case only, as some services do not tell these apart
 */
export function readBody(body: Buffer | undefined): { readonly value: unknown } | undefined {
  if (body === undefined || body.length === 0) return undefined
  try {
    const text = utf8.decode(body)
    const value = JSON.parse(text, asWritten)
    return hasMemberTwice(text) ? undefined : { value }
  } catch {
    return undefined
  }
}

/** A text or a number at a place, as text. @returns undefined for anything else, and for nothing */
export function textAt(value: unknown, pointer: string): string | undefined {
  const found = valueAt(value, pointer)
  return typeof found === 'string' ? found : undefined
}

const asWritten = ((_name: string, value: unknown, { source }: { source?: string }) =>
  typeof value === 'number' ? source : value) as (name: string, value: unknown) => unknown

/** @param json what was parsed without a fault: only then the tokens mean what they look like */
function hasMemberTwice(json: string): boolean {
  const open: (Set<string> | undefined)[] = [] // the names of each open object; undefined for an array
  let isName = false
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (isName && token !== ',' && token !== ':') {
      const names = open.at(-1)
      const name = withoutCase(JSON.parse(token) as string)
      if (names?.has(name)) return true
      names?.add(name)
    }
    isName = token === '{' || (token === ',' && open.at(-1) !== undefined)
  }
  return false
}

/** By way of capitals, so that letters which only fold to one of ASCII (`ſ`, the Kelvin sign) are told as that one. */
const withoutCase = (name: string) => name.toUpperCase().toLowerCase()
