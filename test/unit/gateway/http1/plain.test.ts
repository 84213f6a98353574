import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createAnswerParser, createRequestParser } from '../../../../gateway/http1/parser.ts'
import { readPlainAnswer } from '../../../../gateway/http1/plain-answer.ts'
import { readPlainRequest } from '../../../../gateway/http1/plain-request.ts'
import { answers, requests } from '../../../support/fuzz/heads.ts'

const maxHeadBytes = 400
const tries = { numRuns: 20_000, seed: 1 }

/** What node's parser says of it: everything that was told, in order. */
function requestByNode(bytes: Buffer) {
  const told: unknown[] = []
  const parser = createRequestParser(maxHeadBytes, {
    onBegin: () => told.push('begins'),
    onHead: (head) => told.push(head),
    onBody: (chunk) => told.push(chunk.toString('latin1')),
    onComplete: () => told.push('ends'),
  })
  told.push(parser.execute(Buffer.from(bytes)))
  parser.close()
  return told
}

function answerByNode(bytes: Buffer) {
  const told: unknown[] = []
  const parser = createAnswerParser({
    onBegin: () => told.push('begins'),
    onHead: (status, lines, isKeptAlive) => told.push({ status, lines, isKeptAlive }) > 0,
    onBody: (chunk) => told.push(chunk.toString('latin1')),
    onComplete: (trailers) => told.push(trailers, 'ends'),
  })
  told.push(parser.execute(Buffer.from(bytes)))
  parser.close()
  return told
}

const bodyOf = (bytes: Buffer, at: number) => (at < bytes.length ? [bytes.toString('latin1', at)] : [])

const text = (bytes: string) => Buffer.from(bytes, 'latin1')

describe('a request', () => {
  test('that is taken as plain is read as node reads it', () => {
    let taken = 0
    fc.assert(
      fc.property(requests, (bytes) => {
        const plain = readPlainRequest(bytes, maxHeadBytes)
        if (plain === undefined) return
        taken++
        const { method, url, lines, bodyAt } = plain
        const head = { method, url, lines, isHttp11: true, isKeptAlive: true, isUpgrade: false }
        expect(['begins', head, ...bodyOf(bytes, bodyAt), 'ends', bytes.length]).toEqual(requestByNode(bytes))
      }),
      tries,
    )
    expect(taken).toBeGreaterThan(tries.numRuns / 20)
  })

  const get = 'GET /a HTTP/1.1\r\nHost: a.test\r\n'
  test.each([
    ['of curl', `${get}User-Agent: curl/8\r\nAccept: */*\r\n\r\n`],
    ['of a client that keeps connections', `${get}connection: keep-alive\r\n\r\n`],
    ['with a body', `POST /a?b=c HTTP/1.1\r\nhost: a.test\r\ncontent-length: 2\r\n\r\n{}`],
    ['with an empty value', `${get}a:\r\nb: \r\n\r\n`],
    ['without lines', 'DELETE /a HTTP/1.1\r\n\r\n'],
  ])('%s is plain', (_, bytes) => {
    expect(readPlainRequest(text(bytes), maxHeadBytes)).toBeDefined()
  })

  test.each([
    ['in which a header comes twice', `${get}host: b.test\r\n\r\n`],
    ['with two lengths', `${get}content-length: 2\r\nContent-Length: 2\r\n\r\n{}`],
    ['with a length and a coding', `${get}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`],
    ['in chunks', `${get}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['with a length of leading zeros', `${get}content-length: 02\r\n\r\n{}`],
    ['with a length with a sign', `${get}content-length: +2\r\n\r\n{}`],
    ['with a length that says more than came', `${get}content-length: 3\r\n\r\n{}`],
    ['with a length that says less', `${get}content-length: 1\r\n\r\n{}`],
    ['with bytes behind it', `${get}\r\nGET`],
    ['that names headers of the connection', `${get}connection: authorization\r\n\r\n`],
    ['that is the last one', `${get}connection: close\r\n\r\n`],
    ['that asks for an upgrade', `${get}upgrade: websocket\r\n\r\n`],
    ['that expects something', `${get}expect: 100-continue\r\n\r\n`],
    ['with a folded line', `${get}a: b\r\n c\r\n\r\n`],
    ['with a space before a colon', `${get}a : b\r\n\r\n`],
    ['with a space before a value', `${get}a:  b\r\n\r\n`],
    ['with a tab before a value', `${get}a:\tb\r\n\r\n`],
    ['with a space behind a value', `${get}a: b \r\n\r\n`],
    ['with a NUL', `${get}a: b\0c\r\n\r\n`],
    ['with a byte beyond ASCII', `${get}a: \xe4\r\n\r\n`],
    ['with a bare LF', `${get}a: b\n\r\n`],
    ['with a bare CR', `${get}a: b\rc: d\r\n\r\n`],
    ['with a line without a name', `${get}: b\r\n\r\n`],
    ['with a line without a colon', `${get}a\r\n\r\n`],
    ['that is not whole', get],
    ['with an empty line before it', `\r\n${get}\r\n`],
    ['in the absolute form', 'GET http://a.test/ HTTP/1.1\r\nhost: a.test\r\n\r\n'],
    ['with a fragment', 'GET /a#b HTTP/1.1\r\nhost: a.test\r\n\r\n'],
    ['with a space in its target', 'GET /a b HTTP/1.1\r\nhost: a.test\r\n\r\n'],
    ['of HTTP/1.0', 'GET /a HTTP/1.0\r\nhost: a.test\r\n\r\n'],
    ['of a method that is seldom', 'TRACE /a HTTP/1.1\r\nhost: a.test\r\n\r\n'],
    ['of a method in lower case', 'get /a HTTP/1.1\r\nhost: a.test\r\n\r\n'],
    ['that begins HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['with a head that is too long', `${get}a: ${'x'.repeat(maxHeadBytes)}\r\n\r\n`],
    ['that is nothing', ''],
  ])('%s is for node', (_, bytes) => {
    expect(readPlainRequest(text(bytes), maxHeadBytes)).toBeUndefined()
  })
})

describe('an answer', () => {
  test('that is taken as plain is read as node reads it', () => {
    let taken = 0
    fc.assert(
      fc.property(answers, (bytes) => {
        const plain = readPlainAnswer(bytes, maxHeadBytes)
        if (plain === undefined) return
        taken++
        const { status, lines, bodyAt } = plain
        const head = { status, lines, isKeptAlive: true }
        expect(['begins', head, ...bodyOf(bytes, bodyAt), [], 'ends', bytes.length]).toEqual(
          answerByNode(bytes),
        )
      }),
      tries,
    )
    expect(taken).toBeGreaterThan(tries.numRuns / 20)
  })

  const ok = 'HTTP/1.1 200 OK\r\nServer: s\r\n'
  test.each([
    ['with a body', `${ok}Content-Length: 2\r\nConnection: keep-alive\r\n\r\n{}`],
    ['without one', `${ok}content-length: 0\r\n\r\n`],
    ['in which a header comes twice', `${ok}set-cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\n`],
    ['that says how long it keeps', `${ok}keep-alive: timeout=5\r\ncontent-length: 0\r\n\r\n`],
  ])('%s is plain', (_, bytes) => {
    expect(readPlainAnswer(text(bytes), maxHeadBytes)).toBeDefined()
  })

  test.each([
    ['without a length', `${ok}\r\n`],
    ['with two lengths', `${ok}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ['in chunks', `${ok}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['with a length and a coding', `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`],
    ['with bytes behind it', `${ok}content-length: 2\r\n\r\n{}H`],
    ['that is not whole', `${ok}content-length: 3\r\n\r\n{}`],
    ['that is the last one', `${ok}content-length: 2\r\nconnection: close\r\n\r\n{}`],
    ['that says how a proxy is to go on', `${ok}content-length: 2\r\nproxy-connection: close\r\n\r\n{}`],
    ['that switches to something else', `${ok}content-length: 0\r\nupgrade: h2c\r\n\r\n`],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['without a body by its status', 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n'],
    ['that is interim', 'HTTP/1.1 103 Early Hints\r\ncontent-length: 0\r\n\r\n'],
    ['without a reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'],
    ['with a status of four digits', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
    ['with a head that is too long', `${ok}a: ${'x'.repeat(maxHeadBytes)}\r\ncontent-length: 0\r\n\r\n`],
  ])('%s is for node', (_, bytes) => {
    expect(readPlainAnswer(text(bytes), maxHeadBytes)).toBeUndefined()
  })
})
