import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openWire, startBareService } from '../support/wire.ts'

/** Request smuggling: what could be framed in two ways is refused once, and nothing of it reaches a service. */

let stage: Stage
let api: StagedApi
let service: Awaited<ReturnType<typeof startBareService>>

beforeAll(async () => {
  stage = await startStage()
  service = stage.keep(
    await startBareService((socket, heard) => {
      if (heard.endsWith('\r\n\r\n') || heard.endsWith('abc'))
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    }),
  )
  api = await stage.api('strict', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())

/** Would be a payment of its own, if a part of another request were taken for one. */
const smuggled = () => api.head('POST', '/payment', 'X-Smuggled: yes', 'Content-Length: 0')
const post = (...lines: string[]) => api.head('POST', '/payment', ...lines)

const attacks: [string, (() => string)[]][] = [
  ['a length and chunks', [() => post('Content-Length: 6', 'Transfer-Encoding: chunked'), () => '0\r\n\r\n']],
  ['chunks and a length', [() => post('Transfer-Encoding: chunked', 'Content-Length: 6'), () => '0\r\n\r\n']],
  ['two lengths', [() => post('Content-Length: 0', 'Content-Length: 5')]],
  ['two equal lengths', [() => post('Content-Length: 5', 'Content-Length: 5'), () => 'abcde']],
  ['a list of lengths', [() => post('Content-Length: 5, 5'), () => 'abcde']],
  ['a length with a sign', [() => post('Content-Length: +5'), () => 'abcde']],
  ['a length in hexadecimal', [() => post('Content-Length: 0x5'), () => 'abcde']],
  ['a negative length', [() => post('Content-Length: -5'), () => 'abcde']],
  ['a length beyond all numbers', [() => post('Content-Length: 99999999999999999999')]],
  ['a length with a space in it', [() => post('Content-Length: 1 0'), () => 'abcde']],
  ['an empty length', [() => post('Content-Length: ')]],
  ['another coding', [() => post('Transfer-Encoding: gzip'), () => 'abc']],
  ['chunks inside another coding', [() => post('Transfer-Encoding: gzip, chunked'), () => '0\r\n\r\n']],
  ['chunks twice', [() => post('Transfer-Encoding: chunked, chunked'), () => '0\r\n\r\n']],
  ['chunks that are not last', [() => post('Transfer-Encoding: chunked, identity'), () => '0\r\n\r\n']],
  ['two lines of codings', [() => post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')]],
  ['a coding that looks like chunked', [() => post('Transfer-Encoding: xchunked'), () => '0\r\n\r\n']],
  ['a coding with a control character', [() => post('Transfer-Encoding: \x0bchunked'), () => '0\r\n\r\n']],
  ['a coding in quotes', [() => post('Transfer-Encoding: "chunked"'), () => '0\r\n\r\n']],
  ['a space before the colon', [() => post('Transfer-Encoding : chunked'), () => '0\r\n\r\n']],
  ['a folded header', [() => post('Transfer-Encoding:\r\n chunked'), () => '0\r\n\r\n']],
  ['a header line that begins with a space', [() => post(' Transfer-Encoding: chunked'), () => '0\r\n\r\n']],
  ['a header without a name', [() => post(': chunked')]],
  ['a header name with a control character', [() => post('X\x01A: b')]],
  ['NUL in a header', [() => post('X-A: a\0b')]],
  ['a bare carriage return in a header', [() => post('X-A: a\rContent-Length: 5')]],
  ['a bare line feed after a header', [() => post('X-A: a\nTransfer-Encoding: chunked')]],
  ['bare line feeds throughout', [() => post('Content-Length: 0').replaceAll('\r\n', '\n')]],
  ['two hosts', [() => post('Host: other.test')]],
  ['no host', [() => post().replace('Host: gateway.test\r\n', '')]],
  ['a host with a path', [() => post().replace('gateway.test', 'gateway.test/x')]],
  ['a host with user information', [() => post().replace('gateway.test', 'a@gateway.test')]],
  [
    'chunks in HTTP/1.0',
    [() => post('Transfer-Encoding: chunked').replace('/1.1', '/1.0'), () => '0\r\n\r\n'],
  ],
  ['a version that is not there', [() => post().replace('HTTP/1.1', 'HTTP/3.7')]],
  ['the preface of HTTP/2', [() => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']],
  ['a method that is not there', [() => post().replace('POST', 'FROB')]],
  ['a tab in the request line', [() => post().replace('POST ', 'POST\t')]],
  ['two targets', [() => post().replace(' HTTP/1.1', ' /other HTTP/1.1')]],
  ['a tunnel', [() => post().replace(/^POST \S+/, 'CONNECT other.test:443')]],
  ['two credentials', [() => post('Authorization: Bearer a', 'Authorization: Bearer b')]],
]

describe('one refusal and the end of the connection', () => {
  test.each(attacks)('%s', async (_, parts) => {
    const heardBefore = service.heard()
    const wire = openWire(stage.gateway.port)
    wire.say(parts.map((part) => part()).join('') + smuggled())
    const text = await wire.ends()
    expect(wire.statuses().length).toBeLessThanOrEqual(1)
    if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 (400|405|431) /)
    expect(text).not.toContain('HTTP/1.1 200')
    expect(service.heard()).toBe(heardBefore)
  })

  test.each([
    ['a size that is no number', 'g\r\nabc\r\n'],
    ['a size with a sign', '+3\r\nabc\r\n'],
    ['a size beyond all numbers', 'ffffffffffffffffff\r\nabc\r\n'],
    ['a chunk longer than its size', '3\r\nabcdef\r\n'],
    ['a bare line feed after a size', '3\nabc\r\n'],
    ['a bare line feed after a chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a line feed in an extension', '3;a\nb\r\nabc\r\n'],
  ])('a body with %s ends the call; what follows is no call', async (_, body) => {
    const wire = openWire(stage.gateway.port)
    wire.say(`${post('Transfer-Encoding: chunked')}${body}0\r\n\r\n${smuggled()}`)
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([400])
    expect(text).toContain('request-malformed')
    expect(service.heard()).not.toContain('X-Smuggled')
    expect(service.heard()).not.toContain('\r\n0\r\n\r\n')
  })

  test('what follows a whole request and is none is refused after its answer, or ends it; it never passes', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(`${post('Content-Length: 0')}GARBAGE\r\n\r\n${smuggled()}`)
    await wire.ends()
    expect(service.heard()).not.toContain('GARBAGE')
    expect(service.heard()).not.toContain('X-Smuggled')
  })
})

test('a chunked body of the ordinary kind passes, whatever extensions its chunks have', async () => {
  const wire = openWire(stage.gateway.port)
  wire.say(`${post('Transfer-Encoding: Chunked', 'Connection: close')}3;a=b\r\nabc\r\n0\r\n\r\n`)
  await wire.ends()
  expect(wire.statuses()).toEqual([200])
  expect(service.heard()).toMatch(/abc(\r\n0\r\n\r\n)?$/)
})
