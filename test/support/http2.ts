import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import { type FrameWire, frame, frameWire, preface, type } from './frames.ts'
import { openTls, type TlsFolder } from './tls-gateway.ts'

export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
  /** With which the stream ended; 0 for one that ended well. */
  readonly code: number
  json(): { code?: string } & Record<string, unknown>
}

/** A connection over HTTP/2 to the port with TLS. */
export async function openHttp2(
  port: number,
  { authority }: TlsFolder,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect('https://gateway.test', {
    ca: authority.cert,
    maxSessionMemory: 1_000, // what a test sends at once
    ...options,
    host: '127.0.0.1',
    port,
    servername: 'gateway.test',
  } as SecureClientSessionOptions)
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  return session
}

/** Opens a call; its body and its answer are the test's business. */
export function openStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  options: { endStream?: boolean } = {},
): ClientHttp2Stream {
  const stream = session.request(headers, options)
  stream.on('error', () => {})
  return stream
}

export function callHttp2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Uint8Array | string,
): Promise<Http2Answer> {
  const stream = openStream(session, headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return http2Answer(stream)
}

/** Waits for the end of the stream, be it a good one. */
export async function http2Answer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: IncomingHttpHeaders & { ':status'?: number } = {}
  let trailers: IncomingHttpHeaders = {}
  const chunks: Buffer[] = []
  stream.once('response', (all) => (headers = all)).once('trailers', (all) => (trailers = all))
  stream.on('data', (chunk) => chunks.push(chunk as Buffer))
  await new Promise((resolve) =>
    stream.closed && stream.destroyed ? resolve(0) : stream.once('close', resolve),
  )
  const body = Buffer.concat(chunks)
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    trailers,
    body,
    code: stream.rstCode ?? 0,
    json: () => JSON.parse(body.toString()),
  }
}

/** The same frame by frame. Its settings are exchanged. */
export async function openFrames(port: number, { authority }: TlsFolder): Promise<FrameWire> {
  const wire = frameWire(await openTls(port, { ca: authority.cert, ALPNProtocols: ['h2'] }))
  wire.say(preface, frame(type.settings, 0, 0))
  await wire.hears(type.settings)
  return wire
}
