import { createHash } from 'node:crypto'
import { canonicalPath } from '../../../gateway/path.ts'
import { type StrictRequest, valuesOf } from '../strict.ts'
import type { Place } from './calls.ts'
import { readAnswer, readCalls, type SaidAnswer, type SaidCall } from './reading.ts'
import type { Spoken } from './speak.ts'

/** What the service says to a call: by it the answer is known for the one of this call. */
export function echoOf({ method, target, headers, body }: StrictRequest): string {
  const number = valuesOf(headers, 'x-call').join()
  const text = `${method} ${target} ${number} ${body.length} ${createHash('sha256').update(body, 'latin1').digest('hex')}`
  return `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nx-echo: ${text}\r\n\r\n${method === 'HEAD' ? '' : text}`
}

const refusals = new Set([400, 401, 403, 404, 405, 408, 413, 414, 417, 425, 431])

/**
 * Compares what a partner said on a connection with what the service heard of it and what the partner was answered.
 * @throws Error that says what is wrong
 */
export function judgeCalls(
  bytes: string,
  place: Place,
  heard: readonly StrictRequest[],
  { text, ending }: Spoken,
) {
  const said = readCalls(bytes)
  if (ending === 'never') throw new Error('the connection never ends')
  const answers = readAnswers(text, said.calls)
  let forwarded = 0
  for (const [i, answer] of answers.entries()) {
    const call = said.calls[i]
    if (answer.status !== 200) {
      if (!refusals.has(answer.status)) throw new Error(`call ${i} was answered ${answer.status}`)
      if (valuesOf(answer.headers, 'content-type')[0] !== 'application/problem+json')
        throw new Error(`the refusal of call ${i} is none: ${answer.bytes}`)
      if (call && isPlain(call, place)) throw new Error(`the plain call ${i} was refused: ${answer.bytes}`)
      if (!call && !isLastOne(answers, i, said.end)) throw new Error(`answer ${i} belongs to no call`)
      continue
    }
    if (!call) throw new Error(`answer ${i} belongs to no call`)
    const request = heard[forwarded++]
    if (!request) throw new Error(`call ${i} was answered, and the service never heard it`)
    const target = targetOf(call, place)
    const number = valuesOf(call.headers, 'x-call').join()
    if (request.method !== call.method) throw new Error(`call ${i} was heard as ${request.method}`)
    if (request.target !== target) throw new Error(`call ${i} was heard as ${request.target}, not ${target}`)
    if (request.body !== call.body) throw new Error(`call ${i} was heard with another body`)
    if (valuesOf(request.headers, 'x-call').join() !== number)
      throw new Error(`call ${i} was heard as another`)
    if (
      !echoOf(request).endsWith(`x-echo: ${valuesOf(answer.headers, 'x-echo').join()}\r\n\r\n${answer.body}`)
    )
      throw new Error(`call ${i} got the answer of another: ${answer.bytes}`)
  }
  const unanswered = heard.slice(forwarded).map(({ bytes }) => bytes)
  if (unanswered.length > 0)
    throw new Error(`the service heard what was not answered: ${JSON.stringify(unanswered)}`)
  // Junk ends the connection behind the answer under way, whose head may be out; calls between the two are not served.
  if (said.end === 'all' && answers.length < said.calls.length && !isClosing(answers.at(-1)))
    throw new Error(
      `of ${said.calls.length} calls ${answers.length} are answered, and the connection just ends`,
    )
}

/** Answers end where the connection does. @throws Error, also where one is cut */
function readAnswers(text: string, calls: readonly SaidCall[]): SaidAnswer[] {
  const answers: SaidAnswer[] = []
  let rest = text
  while (rest !== '') {
    const method = calls[answers.length]?.method
    const answer =
      readAnswer(rest, method ?? '', false) ??
      (method === undefined ? readAnswer(rest, 'HEAD', false) : undefined)
    if (!answer) throw new Error(`answer ${answers.length} is cut: ${rest}`)
    answers.push(answer)
    rest = rest.slice(answer.bytes.length)
    // What the parser refuses may have been a HEAD: that is not known there, and of no matter behind the last answer.
    if (method === 'HEAD' && isClosing(answer) && /^\{"type":.*\}$/.test(rest)) rest = ''
  }
  return answers
}

/** To what cannot be read, or does not come to its end. */
const isLastOne = (answers: readonly SaidAnswer[], i: number, end: string) =>
  i === answers.length - 1 && end !== 'all' && isClosing(answers[i])

const isClosing = (answer: SaidAnswer | undefined) =>
  answer !== undefined && valuesOf(answer.headers, 'connection').join().toLowerCase() === 'close'

/** One of which nothing is out of the way: it must be served. */
function isPlain({ method, target, headers, trailers, bytes }: SaidCall, { path, key }: Place): boolean {
  const names = headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  return (
    bytes.startsWith(`${method} ${target} HTTP/1.1\r\n`) &&
    plainPaths.some((plain) => target === path + plain) &&
    trailers.length === 0 &&
    names.every((name) => plainNames.has(name)) &&
    valuesOf(headers, 'host')[0] === 'gateway.test' &&
    valuesOf(headers, 'x-api-key').join() === key &&
    method === methodOf(target)
  )
}
const plainPaths = ['/payment', '/files', '/accounts/1/balance']
const plainNames = new Set(['host', 'x-api-key', 'x-call', 'content-length', 'transfer-encoding'])
const methodOf = (target: string) =>
  target.endsWith('/payment') ? 'POST' : target.endsWith('/files') ? 'PUT' : 'GET'

/** As the service is asked for it; undefined where the path has no one reading. */
function targetOf({ target }: SaidCall, { path }: Place): string | undefined {
  const mark = target.indexOf('?')
  const raw = mark === -1 ? target : target.slice(0, mark)
  try {
    const canonical = canonicalPath(raw)
    return canonical.startsWith(`${path}/`)
      ? canonical.slice(path.length) + target.slice(raw.length)
      : undefined
  } catch {
    return undefined
  }
}
