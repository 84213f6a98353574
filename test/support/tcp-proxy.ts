import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and makes the way between them long. */
export interface TcpProxy {
  readonly port: number
  /** How late everything comes from now on, in each direction. ms */
  delayMs: number
  close(): Promise<void>
}

export async function startTcpProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const pass = (from: Socket, onto: Socket) => {
    let last: Promise<unknown> = Promise.resolve() // in the order in which it came, whatever the delay was then
    const late = (act: () => void) => {
      const due = new Promise((resolve) => setTimeout(resolve, proxy.delayMs))
      last = last.then(() => due).then(act)
    }
    from.on('data', (chunk) => late(() => onto.write(chunk)))
    from.on('close', () => late(() => onto.destroy()))
    from.on('error', () => {})
    sockets.add(from)
    from.once('close', () => sockets.delete(from))
  }
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
