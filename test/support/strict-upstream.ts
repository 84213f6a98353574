import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { readStrictly, type StrictRequest } from './strict.ts'
import { until } from './until.ts'

/** A service on a bare socket that reads by the letter, keeps what arrived, and overlooks nothing. */
export interface StrictUpstream {
  readonly url: string
  /** Whole requests, in the order in which they arrived. */
  readonly requests: readonly StrictRequest[]
  /** Requests that began and whose connection ended before they were whole: what came of them. */
  readonly brokenOff: readonly string[]
  /** What came of requests that are not whole yet. */
  begun(): string
  /**
   * Waits until no request is half there.
   * @returns what arrived since the last time
   * @throws Error naming whatever was ambiguous since the last time
   */
  heard(): Promise<{ requests: StrictRequest[]; brokenOff: string[] }>
  close(): Promise<void>
}

/** @param answer says what it likes to a whole request; without, each is answered 200 at once */
export type Answerer = (request: StrictRequest, socket: Socket) => void

export async function startStrictUpstream(
  answer: Answerer = answerOk,
  onConnection: (socket: Socket) => void = () => {},
): Promise<StrictUpstream> {
  const requests: StrictRequest[] = []
  const brokenOff: string[] = []
  const faults: string[] = []
  const open = new Map<Socket, { rest: string }>()
  const server = createServer((socket) => {
    const state = { rest: '' }
    open.set(socket, state)
    onConnection(socket)
    socket.setEncoding('latin1').on('error', () => {})
    socket.on('data', (chunk) => {
      state.rest += chunk
      try {
        for (;;) {
          const request = state.rest === '' ? undefined : readStrictly(state.rest)
          if (!request) return
          state.rest = state.rest.slice(request.bytes.length)
          requests.push(request)
          answer(request, socket)
        }
      } catch (error) {
        faults.push(`${(error as Error).message} in ${JSON.stringify(state.rest.slice(0, 2_000))}`)
        state.rest = ''
        socket.destroy()
      }
    })
    socket.on('close', () => {
      open.delete(socket)
      if (state.rest !== '') brokenOff.push(state.rest)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const seen = { requests: 0, brokenOff: 0, faults: 0 }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    brokenOff,
    begun: () => [...open.values()].map(({ rest }) => rest).join(''),
    async heard() {
      await until(() => [...open.values()].every(({ rest }) => rest === ''))
      const wrong = faults.slice(seen.faults)
      const news = { requests: requests.slice(seen.requests), brokenOff: brokenOff.slice(seen.brokenOff) }
      Object.assign(seen, {
        requests: requests.length,
        brokenOff: brokenOff.length,
        faults: faults.length,
      })
      if (wrong.length > 0) throw new Error(`the gateway sent what is ambiguous: ${wrong.join('; ')}`)
      return news
    },
    async close() {
      for (const socket of open.keys()) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function answerOk(_request: StrictRequest, socket: Socket) {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
}
