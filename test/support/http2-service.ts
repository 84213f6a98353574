import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Issued } from './certificates.ts'
import { type FrameWire, frame, frameWire, type } from './frames.ts'

export type Http2Lines = (stream: ServerHttp2Stream, headers: Record<string, string>, raw: string[]) => void

/** A service over HTTP/2 that behaves as the test says: over TLS with a certificate, else without. */
export async function startHttp2Service(
  lines: Http2Lines,
  { issued, maxStreams = 100 }: { issued?: Issued; maxStreams?: number } = {},
) {
  const settings = { settings: { maxConcurrentStreams: maxStreams }, maxSessionMemory: 1_000 }
  const server: Http2Server = issued
    ? (createSecureServer({ ...issued, ...settings }) as unknown as Http2Server)
    : createServer(settings)
  const sessions = new Set<ServerHttp2Session>()
  let connections = 0
  server.on('session', (session) => {
    connections++
    sessions.add(session)
    session.on('error', () => {}).once('close', () => sessions.delete(session))
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers, _flags, raw) => {
    stream.on('error', () => {})
    lines(stream as ServerHttp2Stream, headers as Record<string, string>, raw as unknown as string[])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: issued ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    connections: () => connections,
    sessions: () => [...sessions],
    async close() {
      for (const session of sessions) session.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A service that says frames of the test's own making, behind its settings. */
export async function startFrameService(onConnection: (wire: FrameWire) => void) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createTcpServer((socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const wire = frameWire(socket, true)
    wire.say(frame(type.settings, 0, 0))
    onConnection(wire)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
