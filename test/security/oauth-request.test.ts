import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEcho } from '../support/echo.ts'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { openWire } from '../support/wire.ts'

/** The token endpoint is open to strangers: what they say on a bare socket must neither confuse it nor hold it. */

let stage: Stage
let api: StagedApi
beforeAll(async () => {
  stage = await startStage({ GATEWAY_BODY_IDLE_TIMEOUT_MS: '300' })
  const echo = stage.keep(await startEcho())
  api = await stage.api('forms', { targets: [{ url: echo.url }] })
}, 60_000)
afterAll(() => stage?.close())

const form = 'grant_type=client_credentials'
const basicOf = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`

function say(lines: readonly string[], body: string) {
  const wire = openWire(stage.gateway.port)
  const type = 'Content-Type: application/x-www-form-urlencoded'
  wire.say(`POST /oauth2/token HTTP/1.1\r\n${[type, ...lines].join('\r\n')}\r\n\r\n${body}`)
  return wire
}

describe('a form that does not come to its end', () => {
  test('is answered 408, and the connection ends', async () => {
    const wire = say(['Host: a', `Content-Length: ${form.length}`], 'g')
    expect(await wire.hears(/stopped arriving/)).toMatch(/^HTTP\/1\.1 408 [\s\S]*connection: close/i)
    wire.socket.end()
    await wire.ends()
    expect(wire.statuses()).toEqual([408])
  })

  test('is not kept alive by a byte now and then', async () => {
    const wire = say(['Host: a', 'Transfer-Encoding: chunked'], '')
    const drip = setInterval(() => wire.say('1\r\na\r\n'), 50)
    await wire.hears(/ 408 /)
    clearInterval(drip)
    wire.close()
  })
})

test('more forms on one connection than may wait for their turn end it', async () => {
  const wire = openWire(stage.gateway.port)
  const one = `POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`
  wire.say(one.repeat(5_000))
  await wire.ends()
  expect(wire.statuses().length).toBeLessThan(5_000)
})

describe('two lines where there may be one', () => {
  test.each([
    ['Host', (_: string) => ['Host: a', 'Host: b']],
    ['Authorization', (basic: string) => ['Host: a', basic, basicOf('x:y')]],
  ])('%s: refused', async (_name, linesOf) => {
    const basic = basicOf(`${api.clientId}:${api.clientSecret}`)
    const wire = say(
      [...new Set([...linesOf(basic), basic]), `Content-Length: ${form.length}`, 'Connection: close'],
      form,
    )
    expect(await wire.ends()).toContain('invalid_request')
    expect(wire.statuses()).toEqual([400])
  })

  test('one of each: taken', async () => {
    const basic = basicOf(`${api.clientId}:${api.clientSecret}`)
    const wire = say(['Host: a', basic, `Content-Length: ${form.length}`, 'Connection: close'], form)
    await wire.ends()
    expect(wire.statuses()).toEqual([200])
  })
})
