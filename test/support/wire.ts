import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  request,
} from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { listen, shut } from './seen.ts'
import { until } from './until.ts'

/** What is said on bare connections, for what a proper client or server would not say. */
export interface Wire {
  readonly socket: Socket
  /** All that came so far, as latin1. */
  text(): string
  /** Status codes of the answers that came so far. */
  statuses(): number[]
  say(text: string): void
  /** Waits until the text matches. */
  hears(pattern: RegExp): Promise<string>
  /** Waits until the other side ends the connection. @returns all that came */
  ends(timeoutMs?: number): Promise<string>
  close(): void
}

/** @param localAddress another of the loopback, for one who is somebody else */
export function openWire(port: number, localAddress = '127.0.0.1'): Wire {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
  let text = ''
  let isEnded = false
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => (text += chunk))
  socket.on('end', () => (isEnded = true))
  socket.on('close', () => (isEnded = true))
  socket.on('error', () => {}) // a reset is an end as well
  return {
    socket,
    text: () => text,
    statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1])),
    say: (bytes) => void socket.write(bytes, 'latin1'),
    hears: (pattern) => until(() => pattern.test(text) && text),
    async ends(timeoutMs = 5_000) {
      await until(() => isEnded, { timeoutMs })
      return text
    },
    close: () => socket.destroy(),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: string[]
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
  json(): { code?: string } & Record<string, unknown>
}

export interface Call {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
}

/** Opens a call; its body and its answer are the test's business. Each has a connection of its own. */
export function openCall(
  url: string,
  { method = 'GET', headers = {} }: Omit<Call, 'body'> = {},
): ClientRequest {
  return request(url, { method, headers, agent: false })
}

/** A whole call. Unlike fetch it may say any header, and sees them all as they came. */
export async function call(url: string, { body, ...rest }: Call = {}): Promise<Answer> {
  const req = openCall(url, rest)
  req.end(body)
  return answerTo(req)
}

export async function answerTo(req: ClientRequest): Promise<Answer> {
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  req.on('error', () => {}) // a body that was not wanted any more
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return {
    status: res.statusCode!,
    headers: res.headers,
    rawHeaders: res.rawHeaders,
    trailers: res.trailers,
    body,
    json: () => JSON.parse(body.toString()),
  }
}

/** A service that behaves as the test says. */
export async function startService(lines: RequestListener) {
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, lines)
  const url = await listen(server)
  return { url, server, close: () => shut(server) }
}

/** A service on a bare socket: it keeps what it hears, and says what the test says. */
export async function startBareService(onText: (socket: Socket, heard: string) => void = () => {}) {
  let heard = ''
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    let own = ''
    connections++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.setEncoding('latin1').on('data', (chunk) => {
      heard += chunk
      own += chunk
      onText(socket, own)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => heard,
    connections: () => connections,
    /** Connections that are open now. */
    open: () => sockets.size,
    /** Those. */
    sockets: () => [...sockets],
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A service whose queue of connections is full: further ones are not refused, and never made. */
export async function startFullService() {
  const code = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const port = Number(String((await once(child.stdout, 'data'))[0]))
  const fillers = Array.from({ length: 4 }, () => connect({ port, host: '127.0.0.1' }).on('error', () => {}))
  await Promise.race(fillers.map((socket) => once(socket, 'connect')))
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of fillers) socket.destroy()
      const exit = once(child, 'exit')
      end()
      await exit
      process.off('exit', end)
    },
  }
}
