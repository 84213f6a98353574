import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { openWire, startService, type Wire } from '../support/wire.ts'

/** A connection that is served the quick way goes over to node's server with the first call that is not for it. */

let stage: Stage
let api: StagedApi
let seen: string[] = []

beforeAll(async () => {
  stage = await startStage()
  const service = stage.keep(
    await startService(async (req, res) => {
      let body = ''
      for await (const chunk of req) body += chunk
      seen.push(`${req.method} ${req.url} ${body}`)
      res.end(`heard ${body || req.url}\n`)
    }),
  )
  api = await stage.api('over', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())

const get = (account: string, ...lines: string[]) => api.head('GET', `/accounts/${account}/balance`, ...lines)
const pay = (body: string, ...lines: string[]) =>
  `${api.head('POST', '/payment', `Content-Length: ${body.length}`, ...lines)}${body}`

/** Says one thing after the other, each once the answer to the one before is there. */
async function converse(...lines: (string | string[])[]): Promise<Wire> {
  seen = []
  const wire = openWire(stage.gateway.port)
  for (const [i, line] of lines.entries()) {
    for (const piece of [line].flat()) {
      const written = wire.socket.bytesWritten + piece.length
      wire.say(piece)
      await until(() => wire.socket.bytesWritten >= written)
    }
    await until(() => wire.statuses().length === i + 1)
  }
  return wire
}

test.each([
  ['a body in chunks', `${'5\r\nabcde\r\n'}0\r\n\r\n`, ['Transfer-Encoding: chunked'], 'abcde'],
  ['a long body', 'x'.repeat(100_000), ['Content-Length: 100000'], 'x'.repeat(100_000)],
])('%s, between calls that come whole', async (_, body, lines, heard) => {
  const long = api.head('POST', '/payment', ...lines) + body
  const wire = await converse(get('1'), pay('a'), long, pay('b'), get('2'))
  expect(wire.statuses()).toEqual([200, 200, 200, 200, 200])
  expect(seen.map((line) => line.split(' ')[2])).toEqual(['', 'a', heard, 'b', ''])
  wire.close()
})

test('a head in pieces, a body in pieces, and each byte by itself', async () => {
  const [head, tail] = [get('1').slice(0, 30), get('1').slice(30)]
  const bytes = pay('bytes', 'X-Long: yes')
  const wire = await converse(get('0'), [head, tail], [pay('half').slice(0, -2), 'lf'], [...bytes], get('2'))
  expect(wire.statuses()).toEqual([200, 200, 200, 200, 200])
  expect(seen.map((line) => line.split(' ')[2])).toEqual(['', '', 'half', 'bytes', ''])
  wire.close()
})

test('a body that comes behind its head', async () => {
  const [head, body] = pay('later').split(/(?<=\r\n\r\n)/) as [string, string]
  const wire = await converse([head, body], [head, body], get('1'))
  expect(seen).toEqual(['POST /payment later', 'POST /payment later', 'GET /accounts/1/balance '])
  wire.close()
})

test('calls in a row behind one that is being served', async () => {
  const wire = await converse(get('1'))
  wire.say(get('2') + pay('three') + get('4', 'Connection: close'))
  await wire.ends()
  expect(seen.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
    '/accounts/1/balance ',
    '/accounts/2/balance ',
    '/payment three',
    '/accounts/4/balance ',
  ])
})

test('one that waits to be asked for its body', async () => {
  const wire = await converse(get('1'))
  wire.say(api.head('POST', '/payment', 'Content-Length: 5', 'Expect: 100-continue'))
  await wire.hears(/100 Continue/)
  wire.say('asked')
  await wire.hears(/heard asked/)
  wire.close()
})

test('the token endpoint, on the connection of calls', async () => {
  const form = 'grant_type=client_credentials'
  const ask = [
    'POST /oauth2/token HTTP/1.1',
    'Host: gateway.test',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${form.length}`,
    '',
    form,
  ].join('\r\n')
  const wire = await converse(get('1'), ask, get('2'))
  expect(wire.statuses()).toEqual([200, 401, 200])
  wire.close()
})

test('a header twice, many headers, and HTTP/1.0', async () => {
  const many = Array.from({ length: 60 }, (_, i) => `X-Header-${i}: ${i}`)
  const old = get('4').replace('HTTP/1.1', 'HTTP/1.0')
  const wire = await converse(get('1'), get('2', 'X-Twice: a', 'X-Twice: b'), get('3', ...many), old)
  expect(wire.statuses()).toEqual([200, 200, 200, 200])
  await wire.ends()
})

test('what is no call is refused as ever', async () => {
  const wire = await converse(get('1'))
  wire.say('GET /x HTTP/1.1\r\nHost : a\r\n\r\n')
  await wire.ends()
  expect(wire.statuses()).toEqual([200, 400])
  expect(seen).toHaveLength(1)
})

test('both ways of serving answer with the same head', async () => {
  const names = (wire: Wire) =>
    [...wire.text().matchAll(/^([\w-]+): /gm)].map(([, name]) => name!.toLowerCase()).sort()
  const values = (wire: Wire) =>
    wire.text().match(/^(?:connection|keep-alive|content-length|transfer-encoding): .*$/gim)
  const quick = await converse(get('1'))
  const node = await converse(get('1', 'X-Twice: a', 'X-Twice: b'))
  expect(names(quick)).toEqual(names(node))
  expect(
    values(quick)!
      .map((line) => line.toLowerCase())
      .sort(),
  ).toEqual(
    values(node)!
      .map((line) => line.toLowerCase())
      .sort(),
  )
  quick.close()
  node.close()
})
