import { PassThrough } from 'node:stream'
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

async function serving(onText?: Parameters<typeof startBareService>[0]) {
  const service = await startBareService(onText)
  const pool = openTestPool(service.url)
  kept.push(service)
  pools.push(pool)
  return { service, pool }
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const stream = () => new PassThrough().on('error', () => {})

describe('what would end a part of the call early is not written', () => {
  const bad: [string, object][] = [
    ['CR LF in a value', { headers: ['x', 'a\r\nx-gateway-partner: forged'] }],
    ['LF in a value', { headers: ['x', 'a\nb'] }],
    ['NUL in a value', { headers: ['x', 'a\0'] }],
    ['what becomes LF in latin1, in a value', { headers: ['x', 'a\u010ab'] }],
    ['CR LF in a name', { headers: ['x: a\r\ny', 'a'] }],
    ['a colon in a name', { headers: ['x:', 'a'] }],
    ['a space after a name', { headers: ['x ', 'a'] }],
    ['an empty name', { headers: ['', 'a'] }],
    ['a space in the path', { path: '/a HTTP/1.1' }],
    ['CR LF in the path', { path: '/a HTTP/1.1\r\nx: y\r\n\r\n' }],
    ['what becomes LF in latin1, in the path', { path: '/a\u010ab' }],
    ['an empty path', { path: '' }],
    ['CR LF in the method', { method: 'GET / HTTP/1.1\r\n\r\nGET' }],
    ['a space in the method', { method: 'GET /other' }],
  ]
  test.each(bad)('%s', async (_, call) => {
    const { service, pool } = await serving((socket) => void socket.write(ok))
    const told = await send(pool, call).ended
    expect([told.events.at(-1), told.error!.code]).toEqual(['error', 'UNWRITABLE'])
    expect(textOf(await send(pool).ended)).toBe('ok')
    expect(service.heard()).toBe('GET / HTTP/1.1\r\nhost: service.test\r\nconnection: keep-alive\r\n\r\n')
    expect(service.connections()).toBe(1)
  })

  test.each(['5, 5', '-1', '0x5', '5e0', ''])('a length that is none: %j', async (length) => {
    const { service, pool } = await serving()
    const body = stream()
    const told = await send(pool, { method: 'PUT', headers: ['content-length', length], body }).ended
    expect([told.error!.code, service.heard()]).toEqual(['UNWRITABLE', ''])
  })
})

describe('how a call is framed is decided here', () => {
  test('by what its body is, not by what its headers say', async () => {
    const { service, pool } = await serving((socket) => void socket.write(ok))
    const headers = [
      'Transfer-Encoding',
      'chunked',
      'Content-Length',
      '99',
      'Connection',
      'close',
      'Expect',
      '100-continue',
    ]
    await send(pool, { method: 'POST', headers, body: Buffer.from('{}') }).ended
    expect(service.heard()).toBe('POST / HTTP/1.1\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}')
  })

  test('a stream of unknown length goes in chunks', async () => {
    const { service, pool } = await serving(
      (socket, heard) => heard.endsWith('0\r\n\r\n') && socket.write(ok),
    )
    const body = stream()
    const told = send(pool, { method: 'PUT', headers: [], body })
    body.write('one')
    await until(() => service.heard().endsWith('3\r\none\r\n'))
    body.end('four')
    expect(textOf(await told.ended)).toBe('ok')
    expect(service.heard()).toBe(
      'PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n3\r\none\r\n4\r\nfour\r\n0\r\n\r\n',
    )
  })

  test.each([
    ['longer', 'too long'],
    ['shorter', 'x'],
  ])('a stream that is %s than was said fails, and the connection ends', async (_, text) => {
    const { service, pool } = await serving()
    const body = stream()
    const told = send(pool, { method: 'PUT', headers: ['content-length', '3'], body })
    body.end(text)
    expect((await told.ended).error!.message).toMatch(/length/)
    await until(() => service.connections() === 1 && service.open() === 0)
    expect(service.heard()).not.toContain('too long')
  })

  test('a stream that breaks ends the connection: half a body is not taken for a whole one', async () => {
    const { service, pool } = await serving()
    const body = stream()
    const told = send(pool, { method: 'PUT', headers: [], body })
    body.write('half')
    await until(() => service.heard().includes('half'))
    body.destroy(new Error('the caller is gone'))
    expect((await told.ended).error!.message).toBe('the caller is gone')
    await until(() => service.open() === 0)
    expect(service.heard()).not.toContain('0\r\n\r\n')
  })
})

describe('an answer before its time', () => {
  test('to a body that is still under way stands, and the connection ends', async () => {
    const { service, pool } = await serving((socket, heard) => heard.endsWith('half\r\n') && socket.write(ok))
    const body = stream()
    const told = send(pool, { method: 'PUT', headers: [], body })
    body.write('half')
    expect((await told.ended).events).toEqual(['begins', 'head', 'end'])
    expect([textOf(told), body.destroyed]).toEqual(['ok', true])
    await until(() => service.open() === 0)
  })

  test('before a byte of the call was written is none', async () => {
    const { service, pool } = await serving()
    const body = stream()
    const told = send(pool, { method: 'PUT', headers: [], body })
    const [socket] = await until(() => service.sockets().length === 1 && service.sockets())
    socket!.write(ok)
    expect((await told.ended).events).toEqual(['begins', 'error'])
    expect(service.heard()).toBe('')
  })
})

test('a service that is not there is told, once, and no call has begun', async () => {
  const { service, pool } = await serving()
  await service.close()
  kept.splice(0)
  const told = await send(pool).ended
  expect([told.events, told.error!.code]).toEqual([['error'], 'ECONNREFUSED'])
})
