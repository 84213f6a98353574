import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { type Upstream, upstream } from '../support/upstream.ts'
import {
  type Answer,
  call,
  openCall,
  openWire,
  startBareService,
  startFullService,
  startService,
} from '../support/wire.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 60_000)
afterAll(() => stage?.close())

const big = Buffer.alloc(200_000, 'x')
const withKey = (api: StagedApi) => ({ 'x-api-key': api.key })
const pay = (api: StagedApi, body: string | Buffer = '{"amount":100}') =>
  call(`${api.url}/payment`, { method: 'POST', headers: withKey(api), body })
const balance = (api: StagedApi) => call(`${api.url}/accounts/1/balance`, { headers: withKey(api) })
const upload = (api: StagedApi, body: Buffer) =>
  call(`${api.url}/files`, {
    method: 'PUT',
    headers: { ...withKey(api), 'transfer-encoding': 'chunked' },
    body,
  })
const targets = (...services: { url: string }[]) => services.map(({ url }) => ({ url }))
const kept = async (service: Promise<Upstream>) => stage.keep(await service)
const code = (answer: Answer) => [answer.status, answer.json().code]
/** With a cap of one call in flight the next call shows whether the slot came back. */
const onlySlot = ({ url }: { url: string }) => [{ url, maxConnections: 1 }]

describe('the service is not reached', () => {
  test('a refused connection goes to the next target at once, for a payment and for a stream', async () => {
    const gone = await upstream().refuses()
    const bank = await kept(upstream().answers(200, { status: 'success' }))
    const api = await stage.api('next-target', { targets: targets(gone, bank) })
    for (let i = 0; i < 4; i++) expect((await pay(api)).status).toBe(200)
    for (let i = 0; i < 4; i++) expect((await pay(api, big)).status).toBe(200)
    for (let i = 0; i < 4; i++) expect((await upload(api, big)).status).toBe(200)
    expect(bank.seen).toHaveLength(12)
    expect(bank.seen.slice(4).every(({ body }) => body.equals(big))).toBe(true)
  })

  test('no target reached: 502, and the slot is free again', async () => {
    const gone = await upstream().refuses()
    const api = await stage.api('nobody', { targets: onlySlot(gone) })
    for (let i = 0; i < 3; i++) expect(code(await pay(api))).toEqual([502, 'upstream-unreachable'])
    expect(code(await upload(api, big))).toEqual([502, 'upstream-unreachable'])
  })

  test('no more targets are tried than the upstream allows', async () => {
    const gone = await Promise.all([1, 2, 3].map(() => upstream().refuses()))
    const bank = await kept(upstream().answers(200))
    const api = await stage.api('max-attempts', {
      targets: targets(...gone, bank),
      upstream: { maxAttempts: 2 },
    })
    const answers = []
    for (let i = 0; i < 4; i++) answers.push((await pay(api)).status)
    expect(answers.filter((status) => status === 502).length).toBeGreaterThanOrEqual(2)
    expect(bank.seen.length).toBe(answers.filter((status) => status === 200).length)
  })

  test('all targets draining is 503', async () => {
    const bank = await kept(upstream().answers(200))
    const api = await stage.api('draining', {
      targets: [{ id: 'a', url: bank.url, isDraining: true }] as never,
    })
    expect(code(await pay(api))).toEqual([503, 'upstream-unavailable'])
    expect(bank.seen).toHaveLength(0)
  })
})

describe('the service breaks off', () => {
  test('a payment is not sent twice when the bank hangs up after reading it', async () => {
    const bank = await kept(upstream().reads().thenHangsUp())
    const spare = await kept(upstream().reads().thenHangsUp())
    const api = await stage.api('hang-up', { targets: targets(bank, spare) })
    expect(code(await pay(api))).toEqual([502, 'upstream-broke'])
    expect(bank.seen.length + spare.seen.length).toBe(1)
    expect(code(await pay(api, big))).toEqual([502, 'upstream-broke'])
    expect(bank.seen.length + spare.seen.length).toBe(2)
  })

  test('a payment is not sent twice when the bank hangs up before reading it', async () => {
    const bank = await kept(upstream().hangsUp())
    const spare = await kept(upstream().hangsUp())
    const api = await stage.api('hang-up-early', { targets: targets(bank, spare) })
    expect(code(await pay(api))).toEqual([502, 'upstream-broke'])
    expect(bank.connections() + spare.connections()).toBe(1)
  })

  test('a GET is tried again on the other target', async () => {
    const bank = await kept(upstream().reads().thenHangsUp())
    const spare = await kept(upstream().answers(200, 'ok'))
    const api = await stage.api('get-again', { targets: targets(bank, spare) })
    for (let i = 0; i < 4; i++) expect((await balance(api)).status).toBe(200)
    expect(bank.seen.length).toBeGreaterThan(0)
    expect(spare.seen).toHaveLength(4)
  })

  test('an answer that breaks off ends the partner’s connection: it never looks whole', async () => {
    const bank = await kept(upstream().reads().thenBreaksOff())
    const api = await stage.api('cut', { targets: onlySlot(bank) })
    const sized = openWire(stage.gateway.port)
    sized.say(api.head('GET', '/accounts/1/balance'))
    const text = await sized.ends()
    expect(text).toContain('content-length: 1000')
    expect(text.endsWith('half of it')).toBe(true)
    await expect(balance(api)).rejects.toThrow('aborted')
  })

  test('a cut answer in chunks has no last chunk, and in HTTP/1.0 the connection is reset', async () => {
    const bank = stage.keep(
      await startBareService((socket, heard) => {
        if (!heard.includes('\r\n\r\n')) return
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n', () =>
          socket.destroy(),
        )
      }),
    )
    const api = await stage.api('cut-chunks', { targets: targets(bank) })
    const wire = openWire(stage.gateway.port)
    wire.say(api.head('GET', '/accounts/1/balance'))
    expect((await wire.ends()).endsWith('4\r\nhalf\r\n')).toBe(true)

    const old = openWire(stage.gateway.port)
    const errors: string[] = []
    old.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code!))
    old.say(api.head('GET', '/accounts/1/balance').replace('HTTP/1.1', 'HTTP/1.0'))
    await old.ends()
    await until(() => errors.includes('ECONNRESET'))
  })

  test.each([
    ['garbage', 'this is not HTTP\r\n\r\n'],
    ['both lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('an answer that is %s is 502', async (name, bytes) => {
    const bank = await kept(upstream().reads().thenSays(bytes))
    const api = await stage.api(name.replaceAll(' ', '-'), { targets: onlySlot(bank) })
    expect(code(await pay(api))).toEqual([502, 'upstream-answer-invalid'])
    expect(code(await pay(api))).toEqual([502, 'upstream-answer-invalid'])
    expect(bank.seen).toHaveLength(2)
  })
})

describe('the service is late', () => {
  test('no head in time is 504; a payment is not tried elsewhere, its call ends, and the slot is free', async () => {
    let ended = 0
    const slow = async (req: import('node:http').IncomingMessage) => {
      req.resume()
      await once(req.socket, 'close')
      ended++
    }
    const bank = stage.keep(await startService(slow))
    const api = await stage.api('late', { targets: onlySlot(bank), upstream: { firstByteTimeoutMs: 150 } })
    const answer = await pay(api)
    expect(code(answer)).toEqual([504, 'upstream-timeout'])
    expect(answer.json().detail).toContain('not known')
    await until(() => ended === 1)
    expect(code(await upload(api, big))).toEqual([504, 'upstream-timeout'])
    expect(code(await pay(api))).toEqual([504, 'upstream-timeout'])
    await until(() => ended === 3)
  })

  test('one deadline holds over all tries', async () => {
    const silent = await Promise.all([1, 2, 3, 4].map(() => kept(upstream().neverAnswers())))
    const api = await stage.api('deadline', {
      targets: targets(...silent),
      upstream: { firstByteTimeoutMs: 400, timeoutMs: 1_000, maxAttempts: 10 },
    })
    expect(code(await balance(api))).toEqual([504, 'upstream-timeout'])
    // Each try waits for 400 ms: after the third, or the second where the machine has much to do, the second is over.
    const tries = silent.reduce((sum, { seen }) => sum + seen.length, 0)
    expect([2, 3]).toContain(tries)
  })

  test('a connection that is not made in time goes to the next target, also for a payment', async () => {
    const bank = await kept(upstream().answers(200))
    const full = stage.keep(await startFullService())
    const api = await stage.api('no-connection', {
      targets: [{ url: full.url }, { url: bank.url }],
      upstream: { connectTimeoutMs: 200 },
    })
    const start = performance.now()
    for (let i = 0; i < 2; i++) expect((await pay(api)).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(190)

    const alone = await stage.api('no-connection-at-all', {
      targets: onlySlot(full),
      upstream: { connectTimeoutMs: 200 },
    })
    const answer = await pay(alone)
    expect(code(answer)).toEqual([504, 'upstream-timeout'])
    expect(answer.json().detail).toBeUndefined() // nothing was sent, so there is nothing to be unsure of
  })

  test('silence inside an answer ends the partner’s connection', async () => {
    const bank = stage.keep(
      await startService((_req, res) => void res.writeHead(200, { 'content-length': 10 }).write('half')),
    )
    const api = await stage.api('silence', { targets: onlySlot(bank), upstream: { idleTimeoutMs: 200 } })
    for (let i = 0; i < 2; i++) await expect(balance(api)).rejects.toThrow('aborted')
  })

  test('a service that stops reading a body is 504', async () => {
    const bank = stage.keep(await startService((req) => void req.pause()))
    const api = await stage.api('stops-reading', {
      targets: onlySlot(bank),
      upstream: { idleTimeoutMs: 300 },
      policies: { 'body-limit': { maxBytes: 100_000_000 } },
    })
    const answer = await upload(api, Buffer.alloc(40_000_000))
    expect(code(answer)).toEqual([504, 'upstream-timeout'])
  })
})

describe('the partner goes away', () => {
  test('before the answer: the call to the service ends, and the slot comes back', async () => {
    const bank = stage.keep(
      await startService((req, res) => {
        if (req.method === 'GET') res.end('ok')
        else req.resume()
      }),
    )
    const closed: number[] = []
    bank.server.on('connection', (socket) => socket.on('close', () => closed.push(1)))
    const api = await stage.api('gone', { targets: onlySlot(bank) })
    const req = openCall(`${api.url}/payment`, { method: 'POST', headers: withKey(api) })
    req.on('error', () => {}).end('{}')
    await once(bank.server, 'request')
    expect(code(await balance(api))).toEqual([503, 'upstream-busy'])
    req.destroy()
    await until(() => closed.length > 0)
    expect(await until(async () => (await balance(api)).status === 200)).toBe(true)
  })

  test('inside its body, and inside the answer', async () => {
    const closed: string[] = []
    const bank = stage.keep(
      await startService((req, res) => {
        res.on('close', () => closed.push(req.method!))
        if (req.url === '/files' && req.method === 'GET') res.writeHead(200).write(Buffer.alloc(100_000))
        else if (req.method === 'GET') res.end('ok')
        else req.resume()
      }),
    )
    const api = await stage.api('gone-inside', { targets: onlySlot(bank) })
    const sending = openCall(`${api.url}/files`, { method: 'PUT', headers: withKey(api) })
    sending.on('error', () => {}).write(big)
    await once(bank.server, 'request')
    sending.destroy()
    await until(() => closed.includes('PUT'))
    await until(async () => (await balance(api)).status === 200)

    const reading = openCall(`${api.url}/files`, { headers: withKey(api) })
    reading.on('error', () => {}).end()
    const [res] = (await once(reading, 'response')) as [import('node:http').IncomingMessage]
    await once(res, 'data')
    closed.length = 0
    res.on('error', () => {})
    reading.destroy()
    await until(() => closed.includes('GET'))
    await until(async () => (await balance(api)).status === 200)
    await until(async () => (await stage.metric('gateway_requests_in_flight')) === 0)
  })
})

describe('the service answers before it has read the body', () => {
  test('the answer arrives whole, and the connection ends', async () => {
    const answered = new WeakSet<object>()
    const bank = stage.keep(
      await startBareService((socket) => {
        if (answered.has(socket)) return
        answered.add(socket)
        socket.write('HTTP/1.1 413 Too Much\r\ncontent-length: 15\r\n\r\ntoo much for me')
      }),
    )
    const api = await stage.api('early', { targets: onlySlot(bank) })
    for (let i = 0; i < 3; i++) {
      const answer = await upload(api, Buffer.alloc(5_000_000))
      expect([answer.status, answer.body.toString()]).toEqual([413, 'too much for me'])
      expect(answer.headers.connection).toBe('close')
    }
  })

  test('a service may answer while it reads: both go on', async () => {
    const bank = stage.keep(await startService((req, res) => void req.pipe(res)))
    const api = await stage.api('duplex', { targets: onlySlot(bank) })
    const req = openCall(`${api.url}/files`, { method: 'PUT', headers: withKey(api) })
    req.write('first')
    const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
    let text = ''
    res.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    await until(() => text === 'first')
    req.end(' second')
    await once(res, 'end')
    expect(text).toBe('first second')
  })
})
