import { createRequire } from 'node:module'

/**
 * The HTTP/1.1 parser of node itself (llhttp), which its own client and server use; node asks not to lean on the module
 * that it is in (DEP0199). This file is the only one that does. Where a version of node has it no longer, services are
 * asked through undici instead, and partners are served by node's own server alone, which costs half as much again.
 */
export interface MessageParser {
  /** @returns an Error where the bytes are no HTTP; it has a `code`, as node's clients have */
  execute(bytes: Buffer): number | Error
  /** The connection ended. @returns an Error where a message was under way that is not delimited by it */
  finish(): number | Error | undefined
  /** Frees it; not from within a call of its own. */
  close(): void
}

/** What a parser of answers tells, in order. None of it may throw. */
export interface AnswerEvents {
  onBegin(): void
  /** @param lines names and values in turn @returns whether a body may follow */
  onHead(status: number, lines: string[], isKeptAlive: boolean): boolean
  onBody(chunk: Buffer): void
  onComplete(trailers: string[]): void
}

/** What a parser of requests tells, in order. None of it may throw. */
export interface RequestEvents {
  onBegin(): void
  onHead(head: RequestHead): void
  onBody(chunk: Buffer): void
  onComplete(): void
}

export interface RequestHead {
  readonly method: string
  /** '' where the head has more than 32 lines. */
  readonly url: string
  /** Names and values in turn. */
  readonly lines: string[]
  readonly isHttp11: boolean
  readonly isKeptAlive: boolean
  readonly isUpgrade: boolean
}

/** Bytes of the head of an answer. */
export const maxAnswerHeadBytes = 16_384

interface NodeParser extends MessageParser {
  [event: number]: (...args: never[]) => unknown
  initialize(type: number, resource: object, maxHeadBytes: number, leniency: number): void
}
interface NodeParserClass {
  new (): NodeParser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kLenientNone: number
  readonly kOnMessageBegin: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

const { HTTPParser: NodeParser, methods } = findNodeParser()

function findNodeParser(): { HTTPParser?: NodeParserClass; methods?: readonly string[] } {
  try {
    return createRequire(import.meta.url)('node:_http_common')
  } catch {
    return {}
  }
}

export const hasParser = NodeParser !== undefined && methods !== undefined

export function createAnswerParser(events: AnswerEvents): MessageParser {
  const { parser, takeLines } = newParser(NodeParser!.RESPONSE, maxAnswerHeadBytes)
  parser[NodeParser!.kOnMessageBegin] = () => events.onBegin()
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
  ) => (events.onHead(status, all ?? takeLines(), isKeptAlive) ? 0 : skipBody)
  parser[NodeParser!.kOnBody] = (chunk: Buffer) => events.onBody(chunk)
  parser[NodeParser!.kOnMessageComplete] = () => events.onComplete(takeLines())
  return parser
}

/** @param maxHeadBytes more is an error of its own code, HPE_HEADER_OVERFLOW */
export function createRequestParser(maxHeadBytes: number, events: RequestEvents): MessageParser {
  const { parser, takeLines } = newParser(NodeParser!.REQUEST, maxHeadBytes)
  parser[NodeParser!.kOnMessageBegin] = () => events.onBegin()
  parser[NodeParser!.kOnHeadersComplete] = (
    major: number,
    minor: number,
    all: string[] | undefined,
    method: number,
    url: string | undefined,
    _status: undefined,
    _text: undefined,
    isUpgrade: boolean,
    isKeptAlive: boolean,
  ) => {
    const isHttp11 = major === 1 && minor === 1
    events.onHead({
      method: methods![method]!,
      url: url ?? '',
      lines: all ?? takeLines(),
      isHttp11,
      isKeptAlive,
      isUpgrade,
    })
    return 0
  }
  parser[NodeParser!.kOnBody] = (chunk: Buffer) => events.onBody(chunk)
  parser[NodeParser!.kOnMessageComplete] = () => events.onComplete()
  return parser
}

function newParser(type: number, maxHeadBytes: number) {
  const parser = new NodeParser!()
  parser.initialize(type, {}, maxHeadBytes, NodeParser!.kLenientNone)
  let lines: string[] = [] // those beyond 32, and trailers, come before what they belong to is complete
  parser[NodeParser!.kOnHeaders] = (more: string[]) => {
    lines.push(...more)
  }
  const takeLines = () => {
    if (lines.length === 0) return noLines
    const all = lines
    lines = []
    return all
  }
  return { parser, takeLines }
}

const skipBody = 1
const noLines: string[] = []
