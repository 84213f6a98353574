import { Ambiguous, valuesOf } from '../strict.ts'
import type { Asking } from './answers.ts'
import { readAnswer, type SaidAnswer } from './reading.ts'
import type { Spoken } from './speak.ts'

/**
 * Compares what a service said to a call with what the partner got: the same answer whole, or 502 or 504, or one that
 * visibly breaks.
 * @param isEnded whether the service closed the connection behind it
 * @throws Error that says what is wrong
 */
export function judgeAnswer(
  { method, version }: Asking,
  said: string,
  isEnded: boolean,
  { text, ending }: Spoken,
) {
  if (ending === 'never') throw new Error('the connection never ends')
  const got = readAnswer(text, method, ending === 'end')
  if (!got) {
    if (text.includes('"code":"internal"')) throw new Error('a fault of the gateway')
    // What is cut is told from what is whole by its framing, or by the reset.
    return 'cut'
  }
  if (got.bytes.length < text.length) throw new Error('more than one answer')
  if (got.length === 'until the end' && version !== '1.0')
    throw new Error('an answer without an end of its own')
  const [length] = valuesOf(got.headers, 'content-length')
  if (length !== undefined && String(Number(length)) !== length) throw new Error(`the length ${length}`)
  const isOurs = got.headers.includes('application/problem+json')
  if (isOurs && (got.status === 502 || got.status === 504)) return 'refused'
  const original = originalOf(said, method, isEnded)
  if (!original) throw new Error('the partner got a whole answer, and the service never said one')
  if (got.status !== original.status) throw new Error(`the status was ${original.status}, not ${got.status}`)
  if (got.body !== original.body) throw new Error('the body is another')
  return 'passed'
}

function originalOf(said: string, method: string, isEnded: boolean): SaidAnswer | undefined {
  try {
    return readAnswer(said, method, isEnded)
  } catch (error) {
    if (error instanceof Ambiguous) return undefined
    throw error
  }
}
