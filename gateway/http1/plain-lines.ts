import { headerName } from '../header-names.ts'

/**
 * Reads what nearly all messages are: heads in which nothing could be read in two ways, by the byte, and narrower than
 * RFC 9112 allows. It never refuses: what it does not take is for node's parser, which decides what is HTTP. So all that
 * must hold is that both say the same of what is taken here.
 */

/** RFC 9110 §5.6.2. */
const isOfToken = bytesOf((c) => /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(c))
/** RFC 9110 §5.5, without bytes beyond ASCII. */
const isOfValue = bytesOf((c) => /[\t\x20-\x7e]/.test(c))

/**
 * Adds names and values of the lines of a head, up to the empty line that ends it.
 *
 * @param text the head, or more of the message, as characters of one byte each
 * @param at where the first line begins
 * @param most where the head must end at the latest
 * @returns where the body begins; -1: not taken
 */
export function readLines(bytes: Buffer, text: string, at: number, most: number, lines: string[]): number {
  for (;;) {
    if (bytes[at] === cr) return bytes[at + 1] === lf && at + 2 <= most ? at + 2 : -1
    const nameAt = at
    while (at < most && isOfToken[bytes[at]!] === 1) at++
    if (at === nameAt || bytes[at] !== colon) return -1
    const name = text.slice(nameAt, at)
    at++
    if (bytes[at] === space) at++
    const valueAt = at
    while (at < most && isOfValue[bytes[at]!] === 1) at++
    if (bytes[at] !== cr || bytes[at + 1] !== lf) return -1
    if (at > valueAt && (isBlank(bytes[valueAt]!) || isBlank(bytes[at - 1]!))) return -1
    lines.push(headerName(name).text, copied(bytes, text, valueAt, at))
    at += 2
  }
}

/** A slice of a long text keeps all of it in memory; V8 copies one that is shorter than this. */
const copiedBelow = 13

/** A part of the message that may be kept for longer. */
export function copied(bytes: Buffer, text: string, from: number, to: number): string {
  return to - from < copiedBelow ? text.slice(from, to) : bytes.toString('latin1', from, to)
}

const cr = 0x0d
const lf = 0x0a
const space = 0x20
const colon = 0x3a

const isBlank = (byte: number) => byte === space || byte === 0x09

/** A table by byte, of those whose characters are meant: 1. */
export function bytesOf(isMeant: (character: string) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMeant(String.fromCharCode(byte)) ? 1 : 0))
}
