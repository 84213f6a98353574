import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { GatewayProcess } from './gateway-process.ts'
import { until } from './until.ts'

/** For `startGateway`: opens the inspector, by which a thread can be made to crash without a back door in the product. */
export const inspectable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/** Lets an error that nobody catches happen in every worker thread of a gateway. */
export async function crashThreads(gateway: GatewayProcess): Promise<void> {
  const address = await until(() => /Debugger listening on (ws:\S+)/.exec(gateway.output())?.[1])
  const socket = new WebSocket(address)
  await once(socket, 'open')
  const workers = new Set<string>()
  let id = 0
  const send = (method: string, params: object) => {
    id++
    socket.send(JSON.stringify({ id, method, params }))
  }
  socket.on('message', (data) => {
    const { method, params } = JSON.parse(String(data))
    if (method === 'NodeWorker.attachedToWorker') workers.add(params.sessionId)
  })
  send('NodeWorker.enable', { waitForDebuggerOnStart: false })
  const count = (await gateway.readiness()).threads.length
  await until(() => workers.size === count)
  const expression = 'setTimeout(() => { throw new Error("crashed by a test") })'
  const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } })
  for (const sessionId of workers) send('NodeWorker.sendMessageToWorker', { sessionId, message })
  await until(async () => (await gateway.readiness()).threads.every((number) => number === -1), {
    everyMs: 1,
  })
  socket.terminate()
}
