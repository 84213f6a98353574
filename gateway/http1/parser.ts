import { createRequire } from 'node:module'

/**
 * The HTTP/1.1 parser of node itself (llhttp), which its own client and server use; node asks not to lean on the module
 * that it is in (DEP0199). This file is the only one that does. Where a version of node has it no longer, the gateway
 * speaks through undici instead, which costs half as much again per call.
 */
export interface AnswerParser {
  /** @returns an Error where the bytes are no HTTP; it has a `code`, as node's clients have */
  execute(bytes: Buffer): number | Error
  /** The connection ended. @returns an Error where an answer was under way that is not delimited by it */
  finish(): number | Error | undefined
  /** Frees it; not from within a call of its own. */
  close(): void
}

/** What a parser tells, in order. None of it may throw. */
export interface AnswerEvents {
  onBegin(): void
  /** @param lines names and values in turn @returns whether a body may follow */
  onHead(status: number, lines: string[], isKeptAlive: boolean): boolean
  onBody(chunk: Buffer): void
  onComplete(trailers: string[]): void
}

/** Bytes of the head of an answer. */
const maxHeadBytes = 16_384

interface NodeParser extends AnswerParser {
  [event: number]: (...args: never[]) => unknown
  initialize(type: number, resource: object, maxHeadBytes: number, leniency: number): void
}
interface NodeParserClass {
  new (): NodeParser
  readonly RESPONSE: number
  readonly kLenientNone: number
  readonly kOnMessageBegin: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

const NodeParser = findNodeParser()

function findNodeParser(): NodeParserClass | undefined {
  try {
    return createRequire(import.meta.url)('node:_http_common').HTTPParser
  } catch {
    return undefined
  }
}

export const hasParser = NodeParser !== undefined

export function createParser(events: AnswerEvents): AnswerParser {
  const parser = new NodeParser!()
  parser.initialize(NodeParser!.RESPONSE, {}, maxHeadBytes, NodeParser!.kLenientNone)
  let lines: string[] = [] // those beyond 32, and trailers, come before what they belong to is complete
  const gathered = () => {
    const all = lines
    lines = []
    return all
  }
  parser[NodeParser!.kOnMessageBegin] = () => events.onBegin()
  parser[NodeParser!.kOnHeaders] = (more: string[]) => {
    lines.push(...more)
  }
  parser[NodeParser!.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    all: string[] | undefined,
    _method: undefined,
    _url: undefined,
    status: number,
    _text: string,
    _isUpgrade: boolean,
    isKeptAlive: boolean,
  ) => (events.onHead(status, all ?? gathered(), isKeptAlive) ? 0 : skipBody)
  parser[NodeParser!.kOnBody] = (chunk: Buffer) => events.onBody(chunk)
  parser[NodeParser!.kOnMessageComplete] = () => events.onComplete(lines.length > 0 ? gathered() : noLines)
  return parser
}

const skipBody = 1
const noLines: string[] = []
