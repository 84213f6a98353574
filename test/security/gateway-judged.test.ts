import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { valuesOf } from '../support/strict.ts'
import { type StrictUpstream, startStrictUpstream } from '../support/strict-upstream.ts'
import { openWire } from '../support/wire.ts'

/**
 * Each case is refused, or reaches the service as exactly one request that can be read in one way. The judge is a
 * service on a bare socket; behind each case comes an ordinary call, which must not be swallowed, doubled or changed.
 */

let stage: Stage
let api: StagedApi
let judge: StrictUpstream

beforeAll(async () => {
  stage = await startStage({ GATEWAY_MAX_HEADERS: '50' })
  judge = stage.keep(await startStrictUpstream())
  api = await stage.api('judged', { targets: [{ url: judge.url }] })
}, 60_000)
afterAll(() => stage?.close())

const get = (...lines: string[]) => api.head('GET', '/accounts/1/balance', ...lines)
const post = (...lines: string[]) => api.head('POST', '/payment', ...lines)
const chunked = (body: string) => post('Transfer-Encoding: chunked') + body

/** Says the bytes and an ordinary call behind them. */
async function tell(bytes: string) {
  const wire = openWire(stage.gateway.port)
  wire.say(bytes + api.head('GET', '/accounts/after/balance', 'Connection: close'))
  const text = await wire.ends()
  const { requests } = await judge.heard()
  return { text, statuses: wire.statuses(), requests, lines: requests.map((r) => `${r.method} ${r.target}`) }
}

type Case = [string, () => string]

async function isRefused(bytes: string) {
  const { statuses, lines } = await tell(bytes)
  // Where it is certain how long the refused one was, the call behind it is served.
  if (lines.length > 0) {
    expect(lines).toEqual(['GET /accounts/after/balance'])
    expect(statuses).toEqual([400, 200])
  } else {
    expect(statuses).toHaveLength(1)
    expect([400, 405, 431]).toContain(statuses[0])
  }
}

/** @returns the one request */
async function isOne(bytes: string) {
  const { statuses, requests, lines } = await tell(bytes)
  expect(lines).toEqual([
    expect.stringMatching(/^(GET \/accounts\/1\/balance|POST \/payment|PUT \/files)$/),
    'GET /accounts/after/balance',
  ])
  expect(statuses).toEqual([200, 200])
  return requests[0]!
}

describe('the request line: refused', () => {
  const line = (text: string) => get().replace(/^[^\r]*/, text)
  const path = '/judged/v1/accounts/1/balance'
  const cases: Case[] = [
    ['no version (HTTP/0.9)', () => line(`GET ${path}`)],
    ['an empty version', () => line(`GET ${path} `)],
    ['version 0.9', () => line(`GET ${path} HTTP/0.9`)],
    ['version 1.2', () => line(`GET ${path} HTTP/1.2`)],
    ['version 1.10', () => line(`GET ${path} HTTP/1.10`)],
    ['version 01.1', () => line(`GET ${path} HTTP/01.1`)],
    ['version 2.0', () => line(`GET ${path} HTTP/2.0`)],
    ['a version in lower case', () => line(`GET ${path} http/1.1`)],
    ['another protocol', () => line(`DESCRIBE ${path} RTSP/1.0`)],
    ['ICE', () => line(`SOURCE ${path} ICE/1.0`)],
    ['HTTP with a letter before it', () => line(`GET ${path} IHTTP/1.1`)],
    ['a blank behind the version', () => line(`GET ${path} HTTP/1.1 `)],
    ['a blank before the method', () => line(` GET ${path} HTTP/1.1`)],
    ['no target', () => line('GET HTTP/1.1')],
    ['a form feed in it', () => line(`GET\x0c${path} HTTP/1.1`)],
    ['NUL in the target', () => line(`GET ${path}\0 HTTP/1.1`)],
    ['a bare CR in the target', () => line(`GET ${path}\rX HTTP/1.1`)],
    ['a bare CR behind the version', () => get().replace('HTTP/1.1\r\n', 'HTTP/1.1\rX: y\r\n')],
    ['a bare LF behind the version', () => get().replace('HTTP/1.1\r\n', 'HTTP/1.1\n')],
    ['a method in lower case', () => line(`get ${path} HTTP/1.1`)],
    ['a method that only begins well', () => line(`GETS ${path} HTTP/1.1`)],
    ['words before it', () => `Extra line${get()}`],
    ['a bare LF before it', () => `\n${get()}`.replace('\n', '\x00\n')],
    ['the authority form', () => line('GET gateway.test:80 HTTP/1.1')],
    ['the asterisk form', () => line('OPTIONS * HTTP/1.1')],
    ['the absolute form of another host', () => line(`GET http://other.test${path} HTTP/1.1`)],
    ['the absolute form with a user', () => line(`GET http://a@gateway.test${path} HTTP/1.1`)],
    ['the absolute form with two schemes', () => line(`GET http://http://gateway.test${path} HTTP/1.1`)],
    ['a target that names a host by two slashes', () => line(`GET //gateway.test${path} HTTP/1.1`)],
    ['a fragment', () => line(`GET ${path}#x HTTP/1.1`)],
    ['the hello of TLS', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a header of the PROXY protocol', () => `PROXY TCP4 6.6.6.6 127.0.0.1 1 80\r\n${get()}`],
    ['a tunnel with a body', () => line('CONNECT other.test:443 HTTP/1.1')],
  ]
  test.each(cases)('%s', (_, bytes) => isRefused(bytes()))
})

describe('header lines: refused', () => {
  const cases: Case[] = [
    ['a blank before the first', () => get().replace('\r\nHost', '\r\n Host')],
    ['a folded value', () => get('X-A: a\r\n b')],
    ['a folded value, by tab', () => get('X-A: a\r\n\tb')],
    ['a folded name', () => get('X-A\r\n : b')],
    ['a folded empty value', () => get('X-A:\r\n b')],
    ['no colon', () => get('X-A')],
    ['a tab before the colon', () => get('X-A\t: b')],
    ['a blank before the colon of Host', () => get().replace('Host:', 'Host :')],
    ['brackets in the name', () => get('X[A]: b')],
    ['an at sign in the name', () => get('X@A: b')],
    ['a letter beyond ASCII in the name', () => get('X\xe9: b')],
    ['a slash in the name', () => get('Content-Length/: 5')],
    ['BEL in a value', () => get('X-A: a\x07b')],
    ['DEL in a value', () => get('X-A: a\x7fb')],
    ['ESC in a value', () => get('X-A: a\x1b[0m')],
    ['NUL at the end of a value', () => get('X-A: a\0')],
    ['a bare CR at the end of a value', () => get('X-A: a\r\r\n')],
    ['a bare CR alone as value', () => get('X-A:\rX-B: c')],
    ['a bare LF alone as value', () => get('X-A:\nX-B: c')],
    ['a bare CR before the end', () => `${get().slice(0, -2)}\rZ: a\r\n\r\n`],
    ['a bare LF as the end', () => `${get().slice(0, -2)}\n`],
    ['Host twice, in two spellings', () => get('hOST: other.test')],
    ['an empty Host beside the other', () => get('Host:')],
    ['a list of hosts', () => get().replace('gateway.test', 'gateway.test, other.test')],
    ['a Host with a blank in it', () => get().replace('gateway.test', 'gateway.test other.test')],
    ['more lines than are taken', () => get(...Array.from({ length: 60 }, (_, i) => `X-${i}: a`))],
    ['more bytes than are taken', () => get(`X-A: ${'a'.repeat(40_000)}`)],
    ['a name without end', () => get(`${'a'.repeat(40_000)}: x`)],
    ['a target without end', () => get().replace('balance', 'a'.repeat(40_000))],
  ]
  test.each(cases)('%s', (_, bytes) => isRefused(bytes()))
})

describe('lengths and codings: refused', () => {
  const five = (value: string) => `${post(`Content-Length: ${value}`)}abcde`
  const cases: Case[] = [
    ['a length with a comma', () => five('5,')],
    ['a length with a point', () => five('5.0')],
    ['a length with an exponent', () => five('5e0')],
    ['a length with a low line', () => five('5_0')],
    ['a length with a vertical tab', () => five('\x0b5')],
    ['a length with a no-break space', () => five('5\xa0')],
    ['a length in quotes', () => five('"5"')],
    ['a length beyond 2^53', () => five('9007199254740993')],
    ['a length that is 5 modulo 2^64', () => five('18446744073709551621')],
    ['a length in other digits', () => five('\xb5')],
    ['three lengths', () => `${post(...Array(3).fill('Content-Length: 5'))}abcde`],
    ['a length and another in lower case', () => `${post('Content-Length: 5', 'content-length: 3')}abcde`],
    ['a length on a GET and a coding', () => get('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['a length of 0 and a coding', () => post('Content-Length: 0', 'Transfer-Encoding: chunked')],
    ['an empty coding', () => `${post('Transfer-Encoding:')}5\r\nabcde\r\n0\r\n\r\n`],
    ['an empty coding and a length', () => `${post('Transfer-Encoding:', 'Content-Length: 5')}abcde`],
    ['identity', () => `${post('Transfer-Encoding: identity')}`],
    ['identity and a length', () => `${post('Transfer-Encoding: identity', 'Content-Length: 5')}abcde`],
    ['chunked, with a parameter', () => `${post('Transfer-Encoding: chunked;a=b')}0\r\n\r\n`],
    ['chunked, with a comma behind it', () => `${post('Transfer-Encoding: chunked,')}0\r\n\r\n`],
    ['chunked, with a comma before it', () => `${post('Transfer-Encoding: ,chunked')}0\r\n\r\n`],
    ['chunked, in two lines', () => `${post(...Array(2).fill('Transfer-Encoding: chunked'))}0\r\n\r\n`],
    ['two words', () => `${post('Transfer-Encoding: chunked chunked')}0\r\n\r\n`],
    ['a coding with a no-break space', () => `${post('Transfer-Encoding: \xa0chunked')}0\r\n\r\n`],
    ['a coding with DEL', () => `${post('Transfer-Encoding: chunked\x7f')}0\r\n\r\n`],
    ['chunks in HTTP/1.0', () => chunked('0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
  ]
  test.each(cases)('%s', (_, bytes) => isRefused(bytes()))
})

describe('chunks: refused, and the service never has a whole call', () => {
  test.each([
    ['a size with leading blanks', '  3\r\nabc\r\n0\r\n\r\n'],
    ['a size with blanks behind', '3 \r\nabc\r\n0\r\n\r\n'],
    ['a size in 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a size with a low line', '0_3\r\nabc\r\n0\r\n\r\n'],
    ['an empty size', '\r\nabc\r\n0\r\n\r\n'],
    ['a size that is 3 modulo 2^64', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['words without a semicolon', '3 a\r\nabc\r\n0 b\r\n\r\n'],
    ['a semicolon and nothing behind it', '3;\r\nabc\r\n0\r\n\r\n'],
    ['a quote without end', '3;a="b\r\nabc\r\n0\r\n\r\n'],
    ['NUL in an extension', '3;a\0b\r\nabc\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '3;a\nabc\r\n0\r\n\r\n'],
    ['a bare CR behind a size', '3\rabc\r\n0\r\n\r\n'],
    ['no end of line behind a chunk', '3\r\nabc0\r\n\r\n'],
    ['two bytes in place of the end of line', '3\r\nabcXX0\r\n\r\n'],
    ['a bare LF behind the last size', '3\r\nabc\r\n0\n\r\n'],
    ['a bare LF at the very end', '3\r\nabc\r\n0\r\n\n'],
    ['a bare CR at the very end', '3\r\nabc\r\n0\r\n\rX'],
    ['a trailer without colon', '3\r\nabc\r\n0\r\nX\r\n\r\n'],
    ['a trailer that is folded', '3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n'],
    ['a trailer with a blank before its colon', '3\r\nabc\r\n0\r\nX : a\r\n\r\n'],
    ['a trailer that is a length', '3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n'],
    ['a trailer that is a coding', '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a trailer with NUL', '3\r\nabc\r\n0\r\nX: \0\r\n\r\n'],
    ['extensions without end', `3;${'a'.repeat(40_000)}\r\nabc\r\n0\r\n\r\n`],
    ['trailers without end', `3\r\nabc\r\n0\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('%s', async (_, body) => {
    const { statuses, lines } = await tell(chunked(body))
    expect(lines).toEqual([])
    expect(statuses).toHaveLength(1)
    expect([400, 413, 431]).toContain(statuses[0])
  })
})

describe('one request', () => {
  test.each([
    ['sizes with leading zeros', '003\r\nabc\r\n000\r\n\r\n', 'abc'],
    ['sizes in both cases', `A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n`, '01234567890123456789'],
    ['extensions', '3;a;b=c;d="e\\"f"\r\nabc\r\n0;z\r\n\r\n', 'abc'],
    ['chunks that look like the end', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
    ['chunks that look like a call', '10\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n'],
    ['no chunk at all', '0\r\n\r\n', ''],
    ['trailers, which stay here', '3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n', 'abc'],
  ])('in chunks: %s', async (_, body, whole) => {
    const request = await isOne(chunked(body))
    expect(request.body).toBe(whole)
    expect(request.bytes).not.toContain('X-Trailer')
  })

  test.each(['Chunked', 'CHUNKED', '\tchunked '])('the coding %j', async (coding) => {
    const bytes = `${post(`Transfer-Encoding: ${coding}`)}3\r\nabc\r\n0\r\n\r\n`
    expect((await isOne(bytes)).body).toBe('abc')
  })

  test.each(['5', '005', ' \t5\t '])('the length %j', async (length) => {
    const request = await isOne(`${post(`Content-Length: ${length}`)}abcde`)
    expect(request.body).toBe('abcde')
    expect(valuesOf(request.headers, 'content-length')).toEqual(['5'])
  })

  test('a body of a GET', async () => {
    expect((await isOne(`${get('Content-Length: 5')}abcde`)).body).toBe('abcde')
  })

  test('more blanks in the request line than there should be', async () => {
    await isOne(get().replace('GET ', 'GET  ').replace(' HTTP/1.1', '   HTTP/1.1'))
  })

  test('RTSP, which the parser takes for HTTP/1.0', () =>
    isOne(get('Connection: keep-alive').replace('HTTP/1.1', 'RTSP/1.0')))

  test('a length of 00', async () => {
    expect((await isOne(post('Content-Length: 00'))).body).toBe('')
  })

  test.each(['\r\n', '\r\n\r\n'])('behind %j, which old programs send after a body', (before) =>
    isOne(before + get()),
  )

  test('header names of any case, and empty values', async () => {
    const { headers } = await isOne(get('x-eMPTY:', 'X-Blank: \t ', 'x-tab:\ta\tb\t'))
    expect(valuesOf(headers, 'x-empty')).toEqual([''])
    expect(valuesOf(headers, 'x-tab')).toEqual(['a\tb'])
  })

  test('bytes beyond ASCII in a value stay what they are', async () => {
    expect(valuesOf((await isOne(get('X-A: caf\xe9 \xff'))).headers, 'x-a')).toEqual(['caf\xe9 \xff'])
  })

  test('the absolute form, of which Host alone is known', async () => {
    const { headers, target } = await isOne(get().replace('GET /', 'GET http://gateway.test/'))
    expect(target).toBe('/accounts/1/balance')
    expect(valuesOf(headers, 'host')).toEqual([new URL(judge.url).host])
  })

  test('HTTP/1.0 without Host is asked on in HTTP/1.1, and its connection ends', async () => {
    const wire = openWire(stage.gateway.port)
    wire.say(get().replace('HTTP/1.1\r\nHost: gateway.test', 'HTTP/1.0') + get())
    const text = await wire.ends()
    expect(wire.statuses()).toEqual([200])
    expect(text).toMatch(/connection: close/i)
    expect((await judge.heard()).requests).toHaveLength(1)
  })

  test('HTTP/1.0 that keeps its connection', async () => {
    await isOne(get('Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0'))
  })
})

describe('what Connection nominates does not vanish where it matters, and cannot be made up', () => {
  test.each([
    ['Content-Length', (headers: readonly string[]) => valuesOf(headers, 'content-length'), ['5']],
    ['Content-Type', (headers: readonly string[]) => valuesOf(headers, 'content-type'), ['text/a']],
    ['Idempotency-Key', (headers: readonly string[]) => valuesOf(headers, 'idempotency-key'), ['k']],
    ['Content-Digest', (headers: readonly string[]) => valuesOf(headers, 'content-digest'), ['d']],
    ['Signature', (headers: readonly string[]) => valuesOf(headers, 'signature'), ['s']],
  ])('%s', async (name, read, expected) => {
    const lines = [
      'Content-Length: 5',
      'Content-Type: text/a',
      'Idempotency-Key: k',
      'Content-Digest: d',
      'Signature: s',
    ]
    for (const connection of [name, `keep-alive, ${name.toLowerCase()}`, `,${name.toUpperCase()} ,, x`]) {
      const request = await isOne(`${post(...lines, `Connection: ${connection}`)}abcde`)
      expect(request.body).toBe('abcde')
      expect(read(request.headers)).toEqual(expected)
      expect(valuesOf(request.headers, 'connection').join()).not.toContain(name)
    }
  })

  test.each([
    'x-gateway-partner',
    'x-gateway-application',
    'x-gateway-credential',
    'x-gateway-environment',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'forwarded',
    'host',
    'via',
    'x-request-id',
    'traceparent',
  ])('%s is there all the same, once, and ours', async (name) => {
    const own = name === 'host' ? [] : [`${name}: from-a-stranger`]
    const { headers } = await isOne(get(`Connection: ${name}`, ...own))
    const values = valuesOf(headers, name)
    expect(values).toHaveLength(1)
    if (name !== 'via') expect(values[0]).not.toContain('from-a-stranger')
  })

  test('in two lines, and with names of this hop', async () => {
    const { headers } = await isOne(
      get('Connection: x-a', 'Connection: x-b, te', 'X-A: 1', 'X-B: 2', 'X-C: 3', 'TE: trailers, gzip'),
    )
    expect(valuesOf(headers, 'x-a')).toEqual([])
    expect(valuesOf(headers, 'x-b')).toEqual([])
    expect(valuesOf(headers, 'x-c')).toEqual(['3'])
    expect(valuesOf(headers, 'te')).toEqual(['trailers'])
  })

  test.each([
    ['h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']],
    ['a WebSocket by POST', ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5']],
  ])('an upgrade that is not offered is a call as any other: %s', async (name, lines) => {
    const isPost = name.includes('POST')
    const { text, statuses, requests } = await tell(isPost ? `${post(...lines)}abcde` : get(...lines))
    expect(requests).toHaveLength(1)
    expect(requests[0]!.body).toBe(isPost ? 'abcde' : '')
    expect(requests[0]!.bytes).not.toMatch(/upgrade|http2-settings/i)
    // Node loses what comes behind such a call: so it is told that it was not served.
    expect(statuses).toEqual([200])
    expect(text).toMatch(/connection: close/i)
  })
})

test('an upgrade to WebSocket with a length of 00 says no length', async () => {
  const wire = openWire(stage.gateway.port)
  wire.say(get('Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 00'))
  await wire.hears(/HTTP/)
  const { requests } = await judge.heard()
  expect(requests).toHaveLength(1)
  expect(valuesOf(requests[0]!.headers, 'content-length')).toEqual([])
  wire.close()
})

test('the preface of HTTP/2 on a port without TLS ends the connection', async () => {
  const { lines } = await tell('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00')
  expect(lines).toEqual([])
})

describe('early data (RFC 8470)', () => {
  test.each(['1', '0', '1, 1'])('a payment marked %j is refused with 425', async (value) => {
    const { statuses, lines, text } = await tell(`${post('Content-Length: 5', `Early-Data: ${value}`)}abcde`)
    expect(statuses).toEqual([425, 200])
    expect(lines).toEqual(['GET /accounts/after/balance'])
    expect(text).toContain('too-early')
  })

  test('what only reads goes on, and so does its mark', async () => {
    const { headers } = await isOne(get('Early-Data: 1', 'Connection: early-data'))
    expect(valuesOf(headers, 'early-data')).toEqual(['1'])
  })
})

describe('many in one piece', () => {
  test('a refused one between two that are served', async () => {
    const { statuses, lines } = await tell(get() + get().replace(api.key, 'wrong') + get())
    expect(statuses).toEqual([200, 401, 200, 200])
    expect(lines).toHaveLength(3)
  })

  test('a malformed one ends the connection; what came before it is answered', async () => {
    const { statuses, lines, text } = await tell(get() + post('Content-Length: 5', 'Content-Length: 6'))
    expect(lines).toEqual(['GET /accounts/1/balance'])
    expect(statuses).toEqual([200])
    expect(text).toMatch(/connection: close/i)
  })

  test('byte by byte it is the same', async () => {
    const wire = openWire(stage.gateway.port)
    wire.socket.setNoDelay(true)
    const bytes = `${chunked('3;a=b\r\nabc\r\n0\r\n\r\n')}${get('Connection: close')}`
    for (const byte of bytes) {
      wire.say(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await wire.ends()
    expect(wire.statuses()).toEqual([200, 200])
    expect((await judge.heard()).requests.map(({ body }) => body)).toEqual(['abc', ''])
  })
})
