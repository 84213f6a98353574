import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type StrictUpstream, startStrictUpstream } from '../support/strict-upstream.ts'
import { until } from '../support/until.ts'
import { openWire } from '../support/wire.ts'

/**
 * What services answer: a partner gets one answer that can be read in one way, or 502; and no answer, nor a part of
 * one, ever reaches another call. Each ordinary answer names the call it belongs to.
 */

let stage: Stage
let api: StagedApi
let judge: StrictUpstream
/** What is said to the next call, in pieces that arrive one by one; then ordinary answers. */
let script: string[] | undefined
let sockets: Socket[] = []

beforeAll(async () => {
  stage = await startStage({ GATEWAY_THREADS: '1' })
  judge = stage.keep(
    await startStrictUpstream(async ({ method, target }, socket) => {
      const pieces = script ?? [ordinary(method, target)]
      script = undefined
      sockets.push(socket)
      for (const piece of pieces) {
        socket.write(piece, 'latin1')
        await new Promise((resolve) => setTimeout(resolve, 20)) // so that it arrives by itself
      }
    }),
  )
  api = await stage.api('answers', { targets: [{ url: judge.url, maxConnections: 1 }] })
}, 60_000)
afterAll(() => stage?.close())
beforeEach(() => {
  sockets = []
})

function ordinary(method: string, target: string) {
  const text = `${method} ${target}`
  return `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${method === 'HEAD' ? '' : text}`
}

let calls = 0
async function ask(method = 'GET') {
  const path = `/accounts/${++calls}/balance`
  const wire = openWire(stage.gateway.port)
  wire.say(api.head(method, path, 'Connection: close'))
  const text = await wire.ends()
  const cut = text.indexOf('\r\n\r\n')
  return { statuses: wire.statuses(), head: text.slice(0, cut), body: text.slice(cut + 4), path }
}

/** Calls by others right behind, over the one connection there may be: each has its own answer. */
async function othersAreServed() {
  for (let i = 0; i < 3; i++) {
    const { statuses, body, path } = await ask()
    expect(statuses).toEqual([200])
    expect(body).toBe(`GET ${path}`)
  }
}

const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'
const chunks = (text: string) => ok('transfer-encoding: chunked') + text
const ok = (...lines: string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n')

describe('502, once, and nothing of it reaches another', () => {
  const cases: [string, string][] = [
    ['a length and chunks', `${ok('content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`],
    ['chunks and a length', `${ok('transfer-encoding: chunked', 'content-length: 5')}0\r\n\r\n`],
    ['two lengths', `${ok('content-length: 2', 'content-length: 5')}ok`],
    ['two equal lengths', `${ok('content-length: 2', 'content-length: 2')}ok`],
    ['a list of lengths', `${ok('content-length: 2, 2')}ok`],
    ['a negative length', `${ok('content-length: -2')}ok`],
    ['a length with a sign', `${ok('content-length: +2')}ok`],
    ['a length in hexadecimal', `${ok('content-length: 0x2')}ok`],
    ['a length beyond all numbers', `${ok('content-length: 99999999999999999999999')}ok`],
    ['an empty length', `${ok('content-length:')}ok`],
    ['a folded length', `${ok('content-length:\r\n 2')}ok`],
    ['a blank before a colon', `${ok('content-length : 2')}ok`],
    ['a bare LF between lines', `${ok('x: y\ncontent-length: 2')}ok`],
    ['a bare CR in a line', `${ok('x: y\rz', 'content-length: 2')}ok`],
    ['NUL in a value', `${ok('x: y\0', 'content-length: 2')}ok`],
    ['a control character in a value', `${ok('x: y\x01', 'content-length: 2')}ok`],
    ['DEL in a value', `${ok('x: y\x7f', 'content-length: 2')}ok`],
    ['a name that is none', `${ok('x y: z', 'content-length: 2')}ok`],
    ['a line without a colon', `${ok('x', 'content-length: 2')}ok`],
    ['a folded line', `${ok('x: y', ' content-length: 5', 'content-length: 2')}ok`],
    ['bare LFs throughout', `${ok('content-length: 2')}ok`.replaceAll('\r\n', '\n')],
    ['a status of two digits', ok('content-length: 2').replace('200', '20')],
    ['a status of four digits', ok('content-length: 2').replace('200', '2000')],
    ['a status that is none', ok('content-length: 2').replace('200', 'abc')],
    ['status 0', ok('content-length: 2').replace('200', '000')],
    ['status 99', ok('content-length: 2').replace('200', '099')],
    ['HTTP/1.7', `${ok('content-length: 2').replace('1.1', '1.7')}ok`],
    ['ICY', `${ok('content-length: 2').replace('HTTP/1.1', 'ICY')}ok`],
    ['a bare LF behind the status line', `${ok('content-length: 2').replace('\r\n', '\n')}ok`],
    [
      '101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${ok('content-length: 2')}ok`],
    ['a status line without end', ok('content-length: 2').replace('OK', 'a'.repeat(100_000))],
    ['a head without end', ok(`x: ${'a'.repeat(100_000)}`, 'content-length: 2')],
    ['chunks in another coding', `${ok('transfer-encoding: gzip, chunked')}2\r\nok\r\n0\r\n\r\n`],
    ['chunks twice', `${ok('transfer-encoding: chunked, chunked')}2\r\nok\r\n0\r\n\r\n`],
    ['a coding, until the end', `${ok('transfer-encoding: gzip')}ok`],
    ['identity', `${ok('transfer-encoding: identity', 'content-length: 2')}ok`],
    ['garbage', '\x16\x03\x01\x02\x00'],
  ]
  test.each(cases)('%s', async (_, bytes) => {
    script = [bytes + poison]
    const { statuses, body, head } = await ask()
    expect(statuses).toEqual([502])
    expect(body).toMatch(/"code":"upstream-(?:answer-invalid|broke)"/)
    expect(head + body).not.toContain('poison')
    await othersAreServed()
  })
})

describe('a body that breaks is cut off: it never looks whole', () => {
  test.each([
    ['a size with a sign', '+2\r\nok\r\n0\r\n\r\n'],
    ['a size in 0x', '0x2\r\nok\r\n0\r\n\r\n'],
    ['a size beyond all numbers', 'fffffffffffffffff\r\nok\r\n0\r\n\r\n'],
    ['a size that is none', 'z\r\nok\r\n0\r\n\r\n'],
    ['an empty size', '\r\nok\r\n0\r\n\r\n'],
    ['a bare LF behind a size', '2\nok\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '2\r\nokay\r\n0\r\n\r\n'],
    ['a bare LF behind a chunk', '2\r\nok\n0\r\n\r\n'],
    ['a folded trailer', '2\r\nok\r\n0\r\nx: y\r\n z\r\n\r\n'],
    ['a trailer that is none', '2\r\nok\r\n0\r\nx y\r\n\r\n'],
    ['a trailer with NUL', '2\r\nok\r\n0\r\nx: \0\r\n\r\n'],
    ['trailers without end', `2\r\nok\r\n0\r\n${'x: y\r\n'.repeat(20_000)}\r\n`],
  ])('%s', async (_, body) => {
    for (const pieces of [[chunks(body) + poison], [chunks(''), body + poison]]) {
      script = pieces
      const answer = await ask()
      expect(answer.statuses).toHaveLength(1)
      if (answer.statuses[0] === 200) expect(answer.body).not.toMatch(/(?:^|\r\n)0\r\n/)
      else expect(answer.body).toContain('upstream-answer-invalid')
      expect(answer.body).not.toContain('poison')
      await othersAreServed()
    }
  })
})

describe('one answer', () => {
  test.each([
    ['bytes behind it', `${ok('content-length: 2')}ok${poison}`, 'ok'],
    ['junk behind it', `${ok('content-length: 2')}ok\0\0junk\r\n\r\n`, 'ok'],
    ['another call behind it', `${ok('content-length: 2')}okGET / HTTP/1.1\r\n\r\n`, 'ok'],
    ['an answer behind its last chunk', `${chunks('2\r\nok\r\n0\r\n\r\n')}${poison}`, 'ok'],
    ['another version', `${ok('content-length: 2').replace('1.1', '2.0')}ok${poison}`, 'ok'],
    ['no version', `${ok('content-length: 2').replace('1.1', '0.9')}ok${poison}`, 'ok'],
    ['no words in the status line', `${ok('content-length: 2').replace('200 OK', '200 ')}ok`, 'ok'],
    ['a length with leading zeros', `${ok('content-length: 0002')}ok`, 'ok'],
    ['extensions of chunks', chunks('2;a=b;c="d"\r\nok\r\n0;e\r\n\r\n'), 'ok'],
    ['sizes with leading zeros', chunks('0002\r\nok\r\n0000\r\n\r\n'), 'ok'],
    [
      'an interim answer before it',
      `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok('content-length: 2')}ok`,
      'ok',
    ],
    [
      'many interim answers',
      `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)}${ok('content-length: 2')}ok`,
      'ok',
    ],
    [
      'an interim answer that claims a body',
      `HTTP/1.1 103 Early Hints\r\ncontent-length: ${poison.length}\r\n\r\n${ok('content-length: 2')}ok`,
      'ok',
    ],
    [
      'what its Connection nominates',
      `${ok('connection: content-length, x-a', 'x-a: 1', 'content-length: 2')}ok`,
      'ok',
    ],
  ])('%s', async (_, bytes, body) => {
    script = [bytes]
    const answer = await ask()
    expect(answer.statuses).toEqual([200])
    expect(textOf(answer)).toBe(body)
    expect(answer.head).not.toMatch(/x-a:|early hints|content-length: 0/i)
    await othersAreServed()
  })

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\ncontent-length: 6\r\n\r\npoison'],
    [
      '204 in chunks',
      'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n',
    ],
    ['304', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 6\r\n\r\npoison'],
    ['205', 'HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\npoison'],
  ])('%s has no body, whatever follows', async (status, bytes) => {
    script = [bytes]
    const answer = await ask()
    expect(answer.statuses).toEqual([Number(status.slice(0, 3))])
    expect(answer.body).not.toContain('poison')
    await othersAreServed()
  })

  test('the answer to HEAD has no body, whatever follows', async () => {
    script = [`${ok('content-length: 6')}poison`]
    const answer = await ask('HEAD')
    expect(answer.statuses).toEqual([200])
    expect(answer.body).toBe('')
    await othersAreServed()
  })

  test('an answer that is said while nobody asks ends that connection', async () => {
    script = [`${ok('content-length: 2')}ok`, poison]
    expect((await ask()).body).toBe('ok')
    await until(() => sockets[0]!.destroyed)
    await othersAreServed()
  })

  test('what a service says before it was asked is no answer', async () => {
    let isFirst = true
    const rude = stage.keep(
      await startStrictUpstream(
        ({ method, target }, socket) => void socket.write(ordinary(method, target)),
        (socket) => {
          if (isFirst) socket.write(poison)
          isFirst = false
        },
      ),
    )
    const own = await stage.api('rude', { targets: [{ url: rude.url, maxConnections: 1 }] })
    for (let i = 0; i < 4; i++) {
      const wire = openWire(stage.gateway.port)
      wire.say(own.head('GET', `/accounts/r${i}/balance`, 'Connection: close'))
      const text = await wire.ends()
      if (i > 0) expect(text).toMatch(new RegExp(`GET /accounts/r${i}/balance$`))
    }
  })
})

/** The body without its framing. */
function textOf({ head, body }: { head: string; body: string }) {
  if (!/transfer-encoding: chunked/i.test(head)) return body
  return body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '')
}
