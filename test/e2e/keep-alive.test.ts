import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callHttp2, openHttp2 } from '../support/http2.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { type TlsFolder, tlsFolder } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'
import { openWire, startService } from '../support/wire.ts'

/** GATEWAY_KEEP_ALIVE_TIMEOUT_MS=0: a connection waits for its next call as long as it likes. */

let tls: TlsFolder
let stage: Stage
let api: StagedApi

beforeAll(async () => {
  tls = await tlsFolder()
  const env = { GATEWAY_KEEP_ALIVE_TIMEOUT_MS: '0', GATEWAY_HEADERS_TIMEOUT_MS: '300' }
  stage = await startStage({ ...tls.env, ...env })
  // `connection` as a value is no header of that name.
  const service = stage.keep(
    await startService((_req, res) => res.setHeader('x-word', 'connection').end('ok')),
  )
  api = await stage.api('kept', { targets: [{ url: service.url }] })
}, 60_000)
afterAll(() => stage?.close())

const get = (...lines: string[]) => api.head('GET', '/accounts/1/balance', ...lines)

/** Connections that bring no call are looked for, and found, twice. */
async function lookedTwice() {
  for (let i = 0; i < 2; i++) {
    const silent = openWire(stage.gateway.port)
    await silent.ends()
    expect(silent.statuses()).toEqual([408])
  }
}

test('over HTTP/1.1, and only the last answer says that it ends', async () => {
  const wire = openWire(stage.gateway.port)
  wire.say(get())
  await until(() => wire.statuses().length === 1)
  expect(wire.text()).not.toMatch(/keep-alive: timeout|connection: close/i)
  await lookedTwice()
  wire.say(get('Connection: close'))
  expect(await wire.ends()).toMatch(/connection: close/i)
  expect(wire.statuses()).toEqual([200, 200])
})

test('over HTTP/2', async () => {
  const session = await openHttp2(stage.gateway.tlsPort, tls)
  const head = { ':authority': 'gateway.test', ':path': `${api.path}/files`, 'x-api-key': api.key }
  expect((await callHttp2(session, head)).status).toBe(200)
  await lookedTwice()
  expect(session.closed).toBe(false)
  expect((await callHttp2(session, head)).status).toBe(200)
  session.destroy()
})
