import { once } from 'node:events'
import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority } from '../support/certificates.ts'
import { callHttp2, openHttp2 } from '../support/http2.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'

/** A service and a partner that speak by gRPC's own library; messages are bare bytes. */

const authority = createAuthority('Authority of the bank')
const same = (bytes: Buffer) => bytes
const methods = ['Pay', 'List', 'Sum', 'Chat'] as const
const method = (name: (typeof methods)[number]) => ({
  path: `/bank.Payments/${name}`,
  requestStream: name === 'Sum' || name === 'Chat',
  responseStream: name === 'List' || name === 'Chat',
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
})
const document = Buffer.from(
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Payments', version: '1' },
    paths: Object.fromEntries(
      methods.map((name) => [
        `/bank.Payments/${name}`,
        {
          post: {
            operationId: name,
            security: [{ key: [] }],
            responses: { 200: { description: 'answered' } },
          },
        },
      ]),
    ),
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-api-key' } } },
  }),
)

let cancelled = 0
let sent = 0
const lines = {
  Pay(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    const wish = call.request.toString()
    call.on('cancelled', () => cancelled++)
    if (wish === 'hold') return
    const trailers = new Metadata()
    trailers.set('x-fee', '7')
    if (wish === 'refuse')
      return done({ code: status.FAILED_PRECONDITION, details: 'no funds – really', metadata: trailers })
    const head = new Metadata()
    head.set('x-seen', String(call.metadata.get('x-note')[0]))
    call.sendMetadata(head)
    done(null, call.request, trailers)
  },
  async List(call: ServerWritableStream<Buffer, Buffer>) {
    const over = once(call, 'cancelled')
    call.on('cancelled', () => cancelled++)
    const count = Number(call.request.toString())
    for (let i = 0; i < count && !call.cancelled; i++) {
      sent++
      if (!call.write(Buffer.alloc(10_000, i))) await Promise.race([once(call, 'drain'), over])
    }
    call.end()
  },
  Sum(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
    let sum = 0
    call.on('data', (bytes: Buffer) => {
      sum += bytes.length
      if (bytes.toString() === 'refuse') done({ code: status.INVALID_ARGUMENT, details: 'that one' })
    })
    call.on('end', () => done(null, Buffer.from(String(sum))))
  },
  Chat(call: ServerDuplexStream<Buffer, Buffer>) {
    call.sendMetadata(new Metadata())
    call.on('data', (bytes: Buffer) => call.write(bytes)).on('end', () => call.end())
    call.on('cancelled', () => cancelled++)
  },
}

async function startBank(secure: boolean) {
  const server = new Server()
  server.addService(Object.fromEntries(methods.map((name) => [name, method(name)])), lines)
  const issued = authority.server(['localhost'])
  const pair = { private_key: Buffer.from(issued.key), cert_chain: Buffer.from(issued.cert) }
  const how = secure ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure()
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', how, (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  return {
    url: secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    close: () => server.forceShutdown(),
  }
}

let tls: TlsFolder
let stage: Stage
beforeAll(async () => {
  tls = await tlsFolder()
  stage = await startStage(tls.env)
}, 60_000)
afterAll(() => stage?.close())

describe.each([
  ['h2c', false],
  ['h2', true],
] as const)('gRPC to a service over %s', (protocol, isSecure) => {
  let api: StagedApi
  let client: Client
  let metadata: Metadata

  beforeAll(async () => {
    const bank = stage.keep(await startBank(isSecure))
    api = await stage.api(`bank-${protocol}`, {
      document,
      targets: [{ url: bank.url }],
      upstream: {
        protocol,
        firstByteTimeoutMs: 2_000,
        outliers: null,
        breaker: null,
        ...(isSecure && { caCertificate: authority.cert }),
      },
    })
    client = connect()
    metadata = new Metadata()
    metadata.set('x-api-key', api.key)
    metadata.set('x-note', 'hello')
  }, 60_000)
  afterAll(() => client?.close())

  const connect = (options: ClientOptions = {}) =>
    new Client(`127.0.0.1:${stage.gateway.tlsPort}`, credentials.createSsl(Buffer.from(tls.authority.cert)), {
      'grpc.ssl_target_name_override': 'gateway.test',
      'grpc.default_authority': 'gateway.test',
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    })
  const path = (name: (typeof methods)[number]) => `${api.path}/bank.Payments/${name}`

  /** A unary call, whatever becomes of it. */
  function pay(text: string, options: { deadline?: Date; metadata?: Metadata; path?: string } = {}) {
    return new Promise<{ error: ServiceError | null; body?: string; head?: Metadata; status?: StatusObject }>(
      (resolve) => {
        let head: Metadata | undefined
        let status: StatusObject | undefined
        const call = client.makeUnaryRequest(
          options.path ?? path('Pay'),
          same,
          same,
          Buffer.from(text),
          options.metadata ?? metadata,
          { deadline: options.deadline ?? new Date(Date.now() + 10_000) },
          (error, body) => {
            setImmediate(() => resolve({ error, body: body?.toString(), head, status } as never))
          },
        )
        call.on('metadata', (all) => (head = all)).on('status', (all) => (status = all))
      },
    )
  }

  test('a unary call has its answer, with metadata before and behind', async () => {
    const { error, body, head, status: ended } = await pay('12 EUR')
    expect(error).toBeNull()
    expect(body).toBe('12 EUR')
    expect(head?.get('x-seen')).toEqual(['hello'])
    expect(ended?.metadata.get('x-fee')).toEqual(['7'])
  })

  test('a long message goes there and back', async () => {
    const text = 'x'.repeat(1_000_000)
    expect((await pay(text)).body).toBe(text)
  })

  test('a status of the service comes as it is', async () => {
    const { error } = await pay('refuse')
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'no funds – really' })
    expect(error?.metadata.get('x-fee')).toEqual(['7'])
  })

  test('an empty message is a message', async () => {
    expect(await pay('')).toMatchObject({ error: null, body: '' })
  })

  test('a stream of answers arrives whole, and no faster than it is read', async () => {
    sent = 0
    const call = client.makeServerStreamRequest(path('List'), same, same, Buffer.from('500'), metadata)
    let got = 0
    call.once('data', () => {
      got++
      call.pause()
    })
    await until(() => got === 1)
    let before = -1
    await until(
      () => {
        const isStill = sent === before
        before = sent
        return isStill && sent > 0
      },
      { everyMs: 200 },
    )
    expect(sent).toBeLessThan(500)
    call.on('data', () => got++)
    call.resume()
    const [ended] = (await once(call, 'status')) as [StatusObject]
    expect([got, ended.code]).toEqual([500, status.OK])
  })

  test('a stream of messages is summed up', async () => {
    const answer = new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest(path('Sum'), same, same, metadata, (error, body) =>
        error ? reject(error) : resolve(String(body)),
      )
      for (let i = 0; i < 100; i++) call.write(Buffer.alloc(10_000))
      call.end()
    })
    expect(await answer).toBe('1000000')
  })

  test('a service that refuses in the midst of a stream is heard', async () => {
    const refused = new Promise<ServiceError | null>((resolve) => {
      const call = client.makeClientStreamRequest(path('Sum'), same, same, metadata, (error) =>
        resolve(error),
      )
      call.write(Buffer.from('refuse'))
    })
    expect(await refused).toMatchObject({ code: status.INVALID_ARGUMENT, details: 'that one' })
  })

  test('both sides talk in turn, message by message', async () => {
    const call = client.makeBidiStreamRequest(path('Chat'), same, same, metadata)
    await once(call, 'metadata') // before a word was said
    for (const word of ['one', 'two', 'three']) {
      call.write(Buffer.from(word))
      expect(String((await once(call, 'data'))[0])).toBe(word)
    }
    call.end()
    const [ended] = (await once(call, 'status')) as [StatusObject]
    expect(ended.code).toBe(status.OK)
  })

  test('a call that is cancelled ends for the service', async () => {
    const before = cancelled
    const call = client.makeBidiStreamRequest(path('Chat'), same, same, metadata)
    call.on('error', () => {})
    await once(call, 'metadata')
    call.cancel()
    await until(() => cancelled > before)
  })

  test('a deadline ends the call on both sides', async () => {
    const before = cancelled
    const { error } = await pay('hold', { deadline: new Date(Date.now() + 300) })
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED)
    await until(() => cancelled > before)
  })

  test('a service that is silent is DEADLINE_EXCEEDED, by the gateway', async () => {
    const { error } = await pay('hold')
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    expect(error?.details).toContain('not known')
  })

  test.each([
    ['no key', () => new Metadata(), undefined, status.UNAUTHENTICATED, 'Send an access token'],
    [
      'a strange key',
      () => {
        const strange = new Metadata()
        strange.set('x-api-key', 'pgk_live_x')
        return strange
      },
      undefined,
      status.UNAUTHENTICATED,
      '',
    ],
    ['an unknown method', () => metadata, '/bank.Payments/Nothing', status.UNIMPLEMENTED, ''],
  ])('%s is refused by a status', async (_, of, other, code, details) => {
    const { error } = await pay('12 EUR', { metadata: of(), ...(other && { path: api.path + other }) })
    expect(error?.code).toBe(code)
    expect(error?.details).toContain(details)
    expect(error?.metadata.get('x-request-id')).toHaveLength(1)
  })
})

test('a refusal is an answer of a head alone, with HTTP 200', async () => {
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  const headers = {
    ':authority': 'gateway.test',
    ':method': 'POST',
    ':path': '/bank-h2c/v1/bank.Payments/Pay',
  }
  const answer = await callHttp2(
    session,
    { ...headers, 'content-type': 'application/grpc+proto', te: 'trailers' },
    'x',
  )
  expect([answer.status, answer.headers['grpc-status'], answer.headers['content-type']]).toEqual([
    200,
    '16',
    'application/grpc',
  ])
  expect([answer.body.length, answer.trailers]).toEqual([0, {}])
  const web = await callHttp2(session, { ...headers, 'content-type': 'application/grpc-web' }, 'x')
  expect(web.status).toBe(401) // another protocol, which reads HTTP
  session.destroy()
})

test('a service that is not there is UNAVAILABLE, and the log names the problem', async () => {
  const api = await stage.api('nobody', {
    document,
    targets: [{ url: 'http://127.0.0.1:1' }],
    upstream: { protocol: 'h2c' },
  })
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  const answer = await callHttp2(
    session,
    {
      ':authority': 'gateway.test',
      ':method': 'POST',
      ':path': `${api.path}/bank.Payments/Pay`,
      'content-type': 'application/grpc',
      'x-api-key': api.key,
    },
    'x',
  )
  expect(answer.headers['grpc-status']).toBe('14')
  const id = String(answer.headers['x-request-id'])
  const line = await until(() =>
    stage.gateway
      .output()
      .split('\n')
      .find((text) => text.includes(id)),
  )
  expect(JSON.parse(line)).toMatchObject({ status: 200, problem: 'upstream-unreachable' })
  session.destroy()
})
