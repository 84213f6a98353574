import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { Connection } from '../../../../gateway/http1/connection.ts'

/** A connection to a service, and a call on it whose taker asks to wait with the first bytes of the body. */
function takingSlowly() {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const owner = { keepAliveMs: 20_000, idleMs: 20_000, free() {}, ended() {} }
  const connection = new Connection(socket as unknown as Socket, owner)
  const events: string[] = []
  connection.send({
    call: { method: 'GET', path: '/', headers: ['host', 'service.test'], body: null },
    handler: {
      onResponseStart: (_, status) => void events.push(String(status)),
      onResponseData(controller, chunk) {
        events.push(chunk.toString())
        if (events.length === 2) controller.pause()
      },
      onResponseEnd: () => void events.push('end'),
      onResponseError: (_, error) => void events.push(error.message),
    },
  })
  return { socket, connection, events }
}

const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

test.each([
  ['broke', (socket: Duplex) => socket.destroy(new Error('reset'))],
  ['was closed', (socket: Duplex) => socket.destroy()],
  ['ended', (socket: Duplex) => socket.push(null)],
])('an answer that came whole is taken to its end, though its connection %s meanwhile', async (_, end) => {
  const { socket, connection, events } = takingSlowly()
  await turn()
  connection.receive(Buffer.from(`${head}3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n`))
  expect(events).toEqual(['200', 'one'])
  end(socket.resume())
  await turn()
  expect(connection.isUsable).toBe(false)
  connection.resume()
  expect(events).toEqual(['200', 'one', 'two', 'end'])
  expect(socket.destroyed).toBe(true)
})

test('one that did not come whole is broken off at once', async () => {
  const { socket, connection, events } = takingSlowly()
  await turn()
  connection.receive(Buffer.from(`${head}3\r\none\r\n3\r\ntwo\r\n`))
  socket.destroy(new Error('reset'))
  await turn()
  expect(events).toEqual(['200', 'one', 'reset'])
})
