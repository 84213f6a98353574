import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { TargetPool } from '../../../../gateway/http1/pool.ts'
import { openTestPool, send, textOf } from '../../../support/http1.ts'
import { until } from '../../../support/until.ts'
import { startBareService } from '../../../support/wire.ts'

const kept: { close(): unknown }[] = []
const pools: TargetPool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.destroy()
  for (const service of kept.splice(0)) await service.close()
})

/** A service that says the next of these after each call (head only), and a pool of connections to it. */
async function serving(says: (string | ((socket: Socket) => void))[], settings = {}) {
  let said = 0
  const service = await startBareService((socket, heard) => {
    const calls = heard.split('\r\n\r\n').length - 1
    while (said < says.length && calls > 0 && said < service.heard().split('\r\n\r\n').length - 1) {
      const next = says[said++]!
      if (typeof next === 'string') socket.write(next, 'latin1')
      else next(socket)
    }
  })
  const pool = openTestPool(service.url, settings)
  kept.push(service)
  pools.push(pool)
  return { service, pool }
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('a connection is used again', () => {
  test.each([
    ['after an answer of known length', ok],
    ['after one in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['after 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['after 304, whatever length it says', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n'],
    [
      'after interim answers',
      `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok}`,
    ],
  ])('%s', async (_, answer) => {
    const { service, pool } = await serving([answer, ok])
    const first = await send(pool).ended
    expect(first.events).toEqual(['begins', 'sent', 'head', 'end'])
    const second = await send(pool).ended
    expect([second.status, textOf(second), service.connections()]).toEqual([200, 'ok', 1])
  })
})

describe('a connection is not used again', () => {
  const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged'
  test.each([
    ['when a second answer follows the first', ok + forged],
    ['when half a second answer follows', `${ok}HT`],
    ['when something else follows', `${ok}\0`],
    [
      'when a body follows 204',
      'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    [
      'when the service says that it closes',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
    ],
    ['when the service speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
    [
      'when it is to be kept for a second, of which none is certain',
      'HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nok',
    ],
  ])('%s', async (_, answer) => {
    const { service, pool } = await serving([answer, ok])
    expect((await send(pool).ended).events.at(-1)).toBe('end')
    const second = await send(pool).ended
    expect([second.status, textOf(second), service.connections()]).toEqual([200, 'ok', 2])
  })

  test('when a second answer comes while it is free', async () => {
    const { service, pool } = await serving([ok, ok])
    await send(pool).ended
    service.sockets()[0]!.write(forged)
    await until(() => service.open() === 0)
    expect(textOf(await send(pool).ended)).toBe('ok')
    expect(service.connections()).toBe(2)
  })

  test('when the service closed it while it was free', async () => {
    const { service, pool } = await serving([(own) => void own.end(ok), ok])
    await send(pool).ended
    await until(() => service.open() === 0)
    expect((await send(pool).ended).events.at(-1)).toBe('end')
    expect(service.connections()).toBe(2)
  })

  test('after HEAD, for whose answer some services send a body', async () => {
    const { service, pool } = await serving(['HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n', ok])
    const head = await send(pool, { method: 'HEAD' }).ended
    expect([head.events.at(-1), head.body.length]).toEqual(['end', 0])
    expect(textOf(await send(pool).ended)).toBe('ok')
    expect(service.connections()).toBe(2)
  })

  test('when it was free for long: it is closed by us', async () => {
    const { service, pool } = await serving([ok], { keepAliveMs: 1 })
    await send(pool).ended
    await until(() => service.open() === 0)
  })

  test('when the call was given up', async () => {
    const { service, pool } = await serving([() => {}, ok])
    const first = send(pool)
    await until(() => first.events.includes('sent'))
    first.controller!.abort(new Error('given up'))
    expect(textOf(await send(pool).ended)).toBe('ok')
    expect([first.events, service.connections()]).toEqual([['begins', 'sent'], 2])
  })
})

describe('the end of an answer', () => {
  test('trailers come with it', async () => {
    const { pool } = await serving([
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: abc\r\n\r\n',
    ])
    const told = await send(pool).ended
    expect([textOf(told), told.trailers]).toEqual(['ok', ['X-Sum', 'abc']])
  })

  test('more lines than node hands over at once are all there', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => [`x-${i}`, String(i)])
    const head = lines.map((line) => line.join(': ')).join('\r\n')
    const { pool } = await serving([`HTTP/1.1 200 OK\r\n${head}\r\ncontent-length: 0\r\n\r\n`])
    expect((await send(pool).ended).lines).toEqual([...lines.flat(), 'content-length', '0'])
  })

  test('is the end of the connection where nothing else says it', async () => {
    const { pool } = await serving([(own) => void own.end('HTTP/1.1 200 OK\r\n\r\nall of it')])
    expect(textOf(await send(pool).ended)).toBe('all of it')
  })

  test.each([
    [
      'is told when the connection ends too early',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf',
      'HPE_INVALID_EOF_STATE',
    ],
    [
      'in chunks as well',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf',
      'HPE_INVALID_EOF_STATE',
    ],
    ['and in the head', 'HTTP/1.1 200 OK\r\ncontent-le', undefined],
    ['and where nothing came', '', undefined],
  ])('%s', async (_, some, code) => {
    const { pool } = await serving([(own) => void own.end(some)])
    const told = await send(pool).ended
    await turn()
    expect(told.events.filter((event) => event === 'error' || event === 'end')).toEqual(['error'])
    if (code) expect(told.error!.code).toBe(code)
  })

  test.each([
    ['no HTTP', 'SSH-2.0-x\r\n', /^HPE_/],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok', /^HPE_/],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HPE_/,
    ],
    ['a folded line', 'HTTP/1.1 200 OK\r\nx: 1\r\n y: 2\r\ncontent-length: 0\r\n\r\n', /^HPE_/],
    ['a lone LF', 'HTTP/1.1 200 OK\nx: 1\n\n', /^HPE_/],
    [
      'a head of 20 KB in one line',
      `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      /^HPE_HEADER_OVERFLOW$/,
    ],
    [
      'a head of 20 KB in many lines',
      `HTTP/1.1 200 OK\r\n${'x: aaaaaaa\r\n'.repeat(2_500)}\r\n`,
      /^HPE_HEADER_OVERFLOW$/,
    ],
    [
      'trailers of 20 KB',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      /^HPE_HEADER_OVERFLOW$/,
    ],
    [
      'an extension of a chunk of 20 KB',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;${'a'.repeat(20_000)}\r\nok\r\n0\r\n\r\n`,
      /^HPE_CHUNK_EXTENSIONS_OVERFLOW$/,
    ],
  ])('%s is refused, and the connection closed', async (_, answer, code) => {
    const { service, pool } = await serving([answer])
    const told = await send(pool).ended
    expect([told.events.at(-1), told.error!.code]).toEqual(['error', expect.stringMatching(code)])
    await until(() => service.open() === 0)
  })

  test.each([101, 100])('%d, which nobody asked for, is refused', async (status) => {
    const { service, pool } = await serving([
      `HTTP/1.1 ${status} Go on\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n${ok}`,
    ])
    const told = await send(pool).ended
    expect(told.events).toEqual(['begins', 'sent', 'error'])
    await until(() => service.open() === 0)
  })

  test('an answer that stops coming is told', async () => {
    const { pool } = await serving(['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'], { idleMs: 1 })
    expect((await send(pool).ended).error!.code).toBe('ANSWER_IDLE')
  })
})

test('while nobody takes the answer, the service is not read; nothing is lost or mixed up', async () => {
  const big = randomBytes(30_000_000)
  let own: Socket | undefined
  const { pool } = await serving([
    (socket) => {
      own = socket
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${big.length}\r\n\r\n`)
      socket.end(big)
    },
  ])
  let pauses = 0
  const told = send(pool, {}, { onData: ({ controller }) => pauses++ === 0 && controller!.pause() })
  await until(() => told.body.length > 0)
  // The kernel's buffers are full, and still most of it waits at the service.
  const waiting = await until(async () => {
    const before = own!.writableLength
    await turn()
    return before === own!.writableLength && before
  })
  expect(waiting).toBeGreaterThan(0)
  expect(told.body.length).toBe(1)
  expect(told.body[0]!.length).toBeLessThanOrEqual(65_536)
  told.controller!.resume()
  expect((await told.ended).events.at(-1)).toBe('end')
  expect(Buffer.concat(told.body).equals(big)).toBe(true)
})

test('a pool that closes lets calls finish; one that is destroyed fails them', async () => {
  const { service, pool } = await serving([() => {}])
  const first = send(pool)
  await until(() => service.heard() !== '')
  const closed = pool.close()
  service.sockets()[0]!.write(ok)
  expect((await first.ended).events.at(-1)).toBe('end')
  await closed
  await until(() => service.open() === 0)

  const other = await serving([() => {}])
  const second = send(other.pool)
  await until(() => second.events.includes('sent'))
  await other.pool.destroy()
  expect((await second.ended).events).toEqual(['begins', 'sent', 'error'])
})
