import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { UpstreamInput } from '../../registry/model.ts'
import { createAuthority } from '../support/certificates.ts'
import { block, endHeaders, endStream, type FrameWire, frame, number32, type } from '../support/frames.ts'
import { startFrameService, startHttp2Service } from '../support/http2-service.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { answerTo, call, openCall, startBareService, startService } from '../support/wire.ts'

const authority = createAuthority('Authority of the bank')
const big = randomBytes(3_000_000)
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const held: { stream: ServerHttp2Stream; headers: Record<string, string> }[] = []
const service = () => until(() => held.shift())

/** Answers with what it heard; by `x-do` otherwise. */
function lines(stream: ServerHttp2Stream, headers: Record<string, string>, raw: string[]) {
  const wish = headers['x-do']
  if (wish === 'hold') return void held.push({ stream, headers })
  if (wish === 'early') {
    stream.respond({ ':status': 403 })
    return void stream.end('no', () => stream.close(constants.NGHTTP2_NO_ERROR))
  }
  const hash = createHash('sha256')
  stream
    .on('data', (chunk) => hash.update(chunk))
    .once('end', () => {
      if (stream.closed) return
      if (wish === 'trailers') {
        stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true })
        stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' })).end('body')
        return
      }
      if (wish === 'interim') stream.additionalHeaders({ ':status': 103, link: '</a>' })
      if (wish === 'empty') return void stream.respond({ ':status': 204 }, { endStream: true })
      stream.respond({ ':status': wish === '500' ? 500 : 200, 'set-cookie': ['a=1', 'b=2'] })
      if (wish === 'big') stream.end(big)
      else if (wish === 'digest') stream.end(hash.digest('hex'))
      else if (wish === 'break') stream.write('half', () => stream.destroy(new Error('gone')))
      else stream.end(JSON.stringify({ raw }))
    })
}

const headers = (api: StagedApi, more: Record<string, string> = {}) => ({ 'x-api-key': api.key, ...more })
const get = (api: StagedApi, more?: Record<string, string>) =>
  call(`${api.url}/files`, { headers: headers(api, more) })
const put = (api: StagedApi, body: Buffer | string, more?: Record<string, string>) =>
  call(`${api.url}/files`, { method: 'PUT', headers: headers(api, more), body })
const post = (api: StagedApi, body = '{}') =>
  call(`${api.url}/payment`, { method: 'POST', headers: headers(api), body })

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ GATEWAY_THREADS: '1' })
}, 60_000)
afterAll(() => stage?.close())

/** Nothing of the health of targets stands in the way of a test. */
const steady = { outliers: null, breaker: null } satisfies Partial<UpstreamInput>
let number = 0
const over = (targets: { url: string; maxConnections?: number }[], upstream: Partial<UpstreamInput> = {}) =>
  stage.api(`api-${++number}`, { targets, upstream: { protocol: 'h2c', ...steady, ...upstream } })

describe.each(['h2', 'h2c'] as const)('a service over %s', (protocol) => {
  let api: StagedApi
  let bank: Awaited<ReturnType<typeof startHttp2Service>>
  beforeAll(async () => {
    bank = stage.keep(
      await startHttp2Service(lines, protocol === 'h2' ? { issued: authority.server(['localhost']) } : {}),
    )
    const upstream = protocol === 'h2' ? { protocol, caCertificate: authority.cert } : { protocol }
    api = await over([{ url: bank.url }], upstream)
  })

  test('hears a call as it was sent, without what speaks of a connection', async () => {
    const answer = await get(api, { connection: 'x-secret', 'x-secret': '1', te: 'trailers', 'x-a': 'B' })
    expect(answer.status).toBe(200)
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const { raw } = answer.json() as unknown as { raw: string[] }
    const value = (name: string) => raw.filter((_, i) => i % 2 === 1 && raw[i - 1] === name)
    expect(value(':authority')).toEqual([new URL(bank.url).host])
    expect(value(':scheme')).toEqual([protocol === 'h2' ? 'https' : 'http'])
    expect(value(':path')).toEqual(['/files'])
    expect(value('te')).toEqual(['trailers'])
    expect(value('x-a')).toEqual(['B'])
    for (const name of ['connection', 'host', 'x-secret', 'transfer-encoding'])
      expect(value(name)).toEqual([])
  })

  test('many calls go both ways on one connection', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 === 0 ? get(api, { 'x-do': 'big' }) : put(api, big, { 'x-do': 'digest' }),
      ),
    )
    for (const [i, { status, body }] of answers.entries()) {
      expect(status).toBe(200)
      expect(i % 2 === 0 ? digest(body) : body.toString()).toBe(digest(big))
    }
    expect(bank.connections()).toBe(1)
  })

  test('gets a short body with its length', async () => {
    expect((await put(api, 'abc', { 'x-do': 'digest' })).body.toString()).toBe(digest(Buffer.from('abc')))
    const { raw } = (await put(api, 'abc')).json() as unknown as { raw: string[] }
    expect(raw[raw.indexOf('content-length') + 1]).toBe('3')
  })

  test.each([
    ['no body', 'empty', 204, ''],
    ['an interim answer before it', 'interim', 200, undefined],
    ['a fault of its own', '500', 500, undefined],
  ])('gives an answer with %s', async (_, wish, status, body) => {
    const answer = await get(api, { 'x-do': wish })
    expect(answer.status).toBe(status)
    if (body !== undefined) expect(answer.body.toString()).toBe(body)
  })

  test('gives trailers', async () => {
    const answer = await get(api, { 'x-do': 'trailers' })
    expect([answer.body.toString(), answer.trailers['x-sum']]).toEqual(['body', '7'])
  })

  test('that breaks off its answer has no whole one', async () => {
    await expect(get(api, { 'x-do': 'break' })).rejects.toThrow('aborted')
    expect((await get(api)).status).toBe(200)
  })

  test('that answers before it has read the body is heard', async () => {
    const answer = await put(api, big, { 'x-do': 'early' })
    expect([answer.status, answer.body.toString()]).toEqual([403, 'no'])
    expect((await get(api)).status).toBe(200)
  })

  test('sees a call end whose partner goes away, and never a whole body', async () => {
    const req = openCall(`${api.url}/files`, {
      method: 'PUT',
      headers: headers(api, { 'x-do': 'hold', 'content-length': '100000' }),
    })
    req.on('error', () => {}).write(Buffer.alloc(50_000))
    const { stream } = await service()
    let size = 0
    stream.on('data', (chunk) => (size += chunk.length))
    await until(() => size === 50_000)
    let isWhole = false
    stream.once('end', () => (isWhole = !stream.closed))
    const closed = new Promise((resolve) => stream.once('close', resolve))
    req.destroy()
    await closed
    expect([isWhole, stream.rstCode]).toEqual([false, constants.NGHTTP2_CANCEL])
  })
})

test('a partner that reads slowly holds up no other on the same connection', async () => {
  const bank = stage.keep(await startHttp2Service(lines))
  const api = await over([{ url: bank.url }])
  const slow = openCall(`${api.url}/files`, { headers: headers(api, { 'x-do': 'big' }) })
  slow.end()
  const [res] = await once(slow, 'response')
  res.pause()
  for (let i = 0; i < 3; i++) expect(digest((await get(api, { 'x-do': 'big' })).body)).toBe(digest(big))
  expect(bank.connections()).toBe(1)
  res.resume()
  await once(res, 'end')
})

test('further connections are opened where one takes no more calls', async () => {
  const bank = stage.keep(await startHttp2Service(lines, { maxStreams: 2 }))
  const api = await over([{ url: bank.url }])
  const pending = Array.from({ length: 5 }, () => get(api, { 'x-do': 'hold' }))
  const calls = [await service(), await service(), await service(), await service(), await service()]
  expect(bank.connections()).toBe(3)
  for (const { stream } of calls) {
    stream.respond({ ':status': 200 })
    stream.end()
  }
  for (const answer of await Promise.all(pending)) expect(answer.status).toBe(200)
})

test('a cap of calls in flight holds as with HTTP/1.1', async () => {
  const bank = stage.keep(await startHttp2Service(lines))
  const api = await over([{ url: bank.url, maxConnections: 1 }])
  const first = get(api, { 'x-do': 'hold' })
  const { stream } = await service()
  const second = get(api, { 'x-do': 'hold' })
  await until(async () => (await stage.metric('gateway_upstream_requests_waiting')) > 0)
  stream.respond({ ':status': 200 })
  stream.end()
  expect((await first).status).toBe(200)
  const next = await service()
  next.stream.respond({ ':status': 200 })
  next.stream.end()
  expect((await second).status).toBe(200)
})

describe('what did not work', () => {
  test.each([['nobody listens', 'http://127.0.0.1:1', 502, 'upstream-unreachable']])(
    '%s',
    async (_, url, status, code) => {
      const answer = await get(await over([{ url }]))
      expect([answer.status, answer.json().code]).toEqual([status, code])
    },
  )

  test('a service of HTTP/1.1 gets no call', async () => {
    let reached = 0
    const old = stage.keep(
      await startService((_req, res) => {
        reached++
        res.end()
      }),
    )
    const answer = await post(await over([{ url: old.url }], { connectTimeoutMs: 500 }))
    expect([answer.status, reached]).toEqual([502, 0])
  })

  test('a service that is silent from the beginning is given up in the time for a connection', async () => {
    const silent = stage.keep(await startBareService())
    const answer = await post(await over([{ url: silent.url }], { connectTimeoutMs: 200 }))
    expect([answer.status, answer.json().code]).toEqual([504, 'upstream-timeout'])
  })

  test('a service that does not answer in time is 504, and its call is reset', async () => {
    const bank = stage.keep(await startHttp2Service(lines))
    const api = await over([{ url: bank.url }], { firstByteTimeoutMs: 200 })
    const pending = get(api, { 'x-do': 'hold' })
    const { stream } = await service()
    const closed = new Promise((resolve) => stream.once('close', resolve))
    expect((await pending).json().code).toBe('upstream-timeout')
    await closed
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    expect((await get(api)).status).toBe(200)
    expect(bank.connections()).toBe(1)
  })

  test('an answer that stops coming is cut off', async () => {
    const bank = stage.keep(await startHttp2Service(lines))
    const api = await over([{ url: bank.url }], { idleTimeoutMs: 200 })
    const pending = get(api, { 'x-do': 'hold' })
    const { stream } = await service()
    stream.respond({ ':status': 200 })
    stream.write('half')
    await expect(pending).rejects.toThrow('aborted')
  })

  test('a connection on which nothing is heard any more is replaced', async () => {
    let isDeaf = true
    const bank = stage.keep(
      await startFrameService((wire) => {
        if (isDeaf) return // takes calls, and answers neither them nor a PING
        void answerAll(wire)
      }),
    )
    const api = await over([{ url: bank.url }], { firstByteTimeoutMs: 200, connectTimeoutMs: 200 })
    expect((await get(api)).status).toBe(504)
    isDeaf = false
    await until(async () => (await get(api)).status === 200)
    expect(bank.connections()).toBeGreaterThan(1)
  })
})

const ok = (stream: number) => frame(type.headers, endHeaders | endStream, stream, Buffer.from([0x88]))
/** Answers every call of a connection. */
async function answerAll(wire: FrameWire) {
  const done = new Set<number>()
  await until(
    () => {
      for (const { type: kind, stream } of wire.frames)
        if (kind === type.headers && !done.has(stream)) {
          done.add(stream)
          wire.say(ok(stream))
        }
      return wire.isEnded()
    },
    { timeoutMs: 20_000, everyMs: 5 },
  ).catch(() => {})
}

describe('a call that a service surely did not look at goes to the next target, also a payment:', () => {
  const goaway = (last: number, code = 0) =>
    frame(type.goaway, 0, 0, Buffer.concat([number32(last), number32(code)]))
  const refusals: [string, (stream: number) => Buffer][] = [
    ['REFUSED_STREAM', (stream) => frame(type.reset, 0, stream, number32(constants.NGHTTP2_REFUSED_STREAM))],
    ['GOAWAY', () => goaway(0)],
    ['GOAWAY with an error', () => goaway(0, constants.NGHTTP2_ENHANCE_YOUR_CALM)],
  ]
  test.each(refusals)('%s', async (_, refusal) => {
    let refused = 0
    const first = stage.keep(
      await startFrameService(async (wire) => {
        const { stream } = await wire.hears(type.headers)
        refused++
        wire.say(refusal(stream))
      }),
    )
    let paid = 0
    const second = stage.keep(
      await startHttp2Service((stream) => {
        paid++
        stream.respond({ ':status': 200 })
        stream.end('paid')
      }),
    )
    const api = await over([{ url: first.url }, { url: second.url }])
    await until(async () => {
      const answer = await post(api)
      expect([answer.status, answer.body.toString()]).toEqual([200, 'paid'])
      return refused > 0
    })
    expect(paid).toBeGreaterThan(0)
  })

  const breaks: [string, (stream: number, wire: FrameWire) => void][] = [
    [
      'a reset with another code',
      (stream, wire) => wire.say(frame(type.reset, 0, stream, number32(constants.NGHTTP2_INTERNAL_ERROR))),
    ],
    [
      'GOAWAY that counts the call',
      (stream, wire) => wire.say(goaway(stream, constants.NGHTTP2_INTERNAL_ERROR)),
    ],
    ['the end of the connection', (_stream, wire) => wire.close()],
  ]
  test.each(breaks)('but not after %s', async (_, breakOff) => {
    let heard = 0
    const service = async () =>
      stage.keep(
        await startFrameService(async (wire) => {
          const { stream } = await wire.hears(type.headers)
          heard++
          breakOff(stream, wire)
        }),
      )
    const api = await over([{ url: (await service()).url }, { url: (await service()).url }])
    const answer = await post(api)
    expect([answer.status, answer.json().code, heard]).toEqual([502, 'upstream-broke', 1])
    expect(answer.json().detail).toContain('not known')
  })
})

test('a service that says it will go finishes its calls, and further ones have another connection', async () => {
  const bank = stage.keep(await startHttp2Service(lines))
  const api = await over([{ url: bank.url }])
  const first = get(api, { 'x-do': 'hold' })
  const { stream } = await service()
  bank.sessions()[0]!.close()
  await until(async () => (await get(api)).status === 200 && bank.connections() === 2)
  stream.respond({ ':status': 200 })
  stream.end('done')
  expect((await first).body.toString()).toBe('done')
})

describe('an answer that cannot be understood is 502:', () => {
  const line = (name: string, value: string): [string, string][] => [
    [':status', '200'],
    [name, value],
  ]
  test.each([
    ['no status', [['x-a', '1']] as [string, string][]],
    ['a header of a connection', line('connection', 'close')],
    ['a transfer coding', line('transfer-encoding', 'chunked')],
    ['a name in upper case', line('X-A', '1')],
    ['a length without a body', line('content-length', '3')],
    ['a pseudo-header of a request', line(':path', '/')],
  ])('%s', async (_, head) => {
    const bank = stage.keep(
      await startFrameService(async (wire) => {
        const { stream } = await wire.hears(type.headers)
        wire.say(frame(type.headers, endHeaders | endStream, stream, block(head)))
      }),
    )
    const answer = await post(await over([{ url: bank.url }]))
    expect([answer.status, answer.json().code]).toEqual([502, 'upstream-answer-invalid'])
  })

  test('a head that is too long', async () => {
    const bank = stage.keep(
      await startHttp2Service((stream) => {
        stream.respond({ ':status': 200, 'x-a': 'x'.repeat(10_000), 'x-b': 'x'.repeat(10_000) })
        stream.end()
      }),
    )
    const answer = await post(await over([{ url: bank.url }]))
    expect([answer.status, answer.json().code]).toEqual([502, 'upstream-answer-invalid'])
  })

  test.each([
    ['shorter than was said', (stream: number) => frame(type.data, endStream, stream, 'abc')],
    [
      'reset as if all were well',
      (stream: number) =>
        Buffer.concat([frame(type.data, 0, stream, 'abc'), frame(type.reset, 0, stream, number32(0))]),
    ],
  ])('a body that is %s is no whole one', async (_, body) => {
    const bank = stage.keep(
      await startFrameService(async (wire) => {
        const { stream } = await wire.hears(type.headers)
        const head = block([
          [':status', '200'],
          ['content-length', '5'],
        ])
        wire.say(frame(type.headers, endHeaders, stream, head), body(stream))
      }),
    )
    const api = await over([{ url: bank.url }])
    await expect(get(api)).rejects.toThrow()
  })

  test('a body without a length that is reset as if all were well is no whole one', async () => {
    const bank = stage.keep(
      await startFrameService(async (wire) => {
        const { stream } = await wire.hears(type.headers)
        const head = block([[':status', '200']])
        wire.say(frame(type.headers, endHeaders, stream, head), frame(type.data, 0, stream, 'abc'))
        await until(() => seen > 0)
        wire.say(frame(type.reset, 0, stream, number32(0)))
      }),
    )
    let seen = 0
    const api = await over([{ url: bank.url }])
    const req = openCall(`${api.url}/files`, { headers: headers(api) })
    req.end()
    const [res] = await once(req, 'response')
    const ended = once(res, 'end')
    res.on('data', (chunk: Buffer) => (seen += chunk.length))
    await expect(ended).rejects.toThrow('aborted')
  })
})

test.each([
  ['passes', '200-399', true],
  ['fails', '500', false],
])('an active check over HTTP/2 that %s is heard', async (_, expected, isUp) => {
  let checks = 0
  const bank = stage.keep(
    await startHttp2Service((stream, heard) => {
      if (heard['user-agent'] === 'gateway-health-check') checks++
      stream.respond({ ':status': 200 })
      stream.end()
    }),
  )
  const activeCheck = {
    type: 'http',
    path: '/health',
    intervalMs: 100,
    timeoutMs: 1_000,
    expectedStatuses: [expected],
    healthyThreshold: 1,
    unhealthyThreshold: 1,
  }
  const api = await over([{ url: bank.url }], {
    activeCheck,
    panicPercent: 0,
  } as unknown as Partial<UpstreamInput>)
  await until(() => checks > 2)
  await until(async () => ((await get(api)).status === 200) === isUp)
})

test('a WebSocket is refused', async () => {
  const bank = stage.keep(await startHttp2Service(lines))
  const api = await over([{ url: bank.url }])
  const req = openCall(`${api.url}/files`, {
    headers: headers(api, {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    }),
  })
  req.end()
  expect((await answerTo(req)).status).toBe(400)
})

test('a target whose scheme does not go with the protocol is refused', async () => {
  await expect(over([{ url: 'https://bank.test' }])).rejects.toMatchObject({ code: 'input-invalid' })
  await expect(over([{ url: 'http://bank.test' }], { protocol: 'h2' })).rejects.toMatchObject({
    code: 'input-invalid',
  })
})
