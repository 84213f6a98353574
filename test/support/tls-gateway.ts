import { once } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { type Authority, createAuthority, type Issued } from './certificates.ts'
import { type Answer, answerTo, type Call } from './wire.ts'

/** Where a gateway under test finds its certificates, and callers that trust them. */
export interface TlsFolder {
  readonly authority: Authority
  readonly folder: string
  readonly env: Record<string, string>
  /** Puts a certificate with its key into the folder; the key first, as a careful operator does. */
  put(name: string, pair: Issued): Promise<void>
}

/** A folder with one certificate, for `gateway.test`. */
export async function tlsFolder(): Promise<TlsFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'))
  const authority = createAuthority('Authority of the gateway')
  const put = async (name: string, { cert, key }: Issued) => {
    await writeFile(join(folder, `${name}.key`), key)
    await writeFile(join(folder, `${name}.crt`), cert)
  }
  await put('a-first', authority.server(['gateway.test']))
  return {
    authority,
    folder,
    put,
    env: { GATEWAY_TLS_PORT: '0', GATEWAY_TLS_CERTIFICATES: folder, GATEWAY_TLS_RELOAD_SECONDS: '1' },
  }
}

/** A connection whose handshake is done. @throws Error when it fails */
export async function openTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'gateway.test', ...options })
  await once(socket, 'secureConnect')
  socket.on('error', () => {}) // a reset is an end as well
  return socket
}

/** A whole call over HTTP/1.1 with TLS, on a connection of its own. */
export async function callTls(
  port: number,
  options: ConnectionOptions,
  { path = '/', method = 'GET', headers, body }: Call & { path?: string },
): Promise<Answer> {
  const socket = await openTls(port, options)
  const req = request({ createConnection: () => socket, method, path, headers })
  req.setHeader('host', 'gateway.test')
  req.end(body)
  const answer = await answerTo(req)
  socket.destroy()
  return answer
}
