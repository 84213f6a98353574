import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { CallerGone, readBody, streamBody } from '../../../gateway/body.ts'

/** A request's body as node hands it over: `complete` once all has come. */
function arriving() {
  const stream = new PassThrough()
  return Object.assign(stream, { complete: false }) as unknown as IncomingMessage & PassThrough
}
const pace = { idleMs: 60_000, leastBytesPerSecond: 0 }
const limits = { maxBytes: 10, pace, serviceIdleMs: 60_000 }

describe('a body that is read whole', () => {
  test('is given in one piece', async () => {
    const req = arriving()
    const body = readBody(req, undefined, limits)
    req.write('pay')
    req.end('ment')
    expect(String(await body)).toBe('payment')
  })

  test('that is too large, stops arriving, or breaks off, says so', async () => {
    const large = arriving()
    large.end('more than ten bytes')
    await expect(readBody(large, undefined, limits)).rejects.toMatchObject({ code: 'body-too-large' })
    await expect(readBody(arriving(), 5, { ...limits, pace: { ...pace, idleMs: 1 } })).rejects.toMatchObject({
      code: 'request-timeout',
    })
    const gone = arriving()
    const body = readBody(gone, 5, limits)
    gone.destroy()
    await expect(body).rejects.toBeInstanceOf(CallerGone)
  })
})

describe('a body that streams', () => {
  const errorOf = (body: ReturnType<typeof streamBody>) =>
    new Promise<unknown>((resolve) => body.once('error', resolve))

  test('is counted on the way', async () => {
    const req = arriving()
    const body = streamBody(req, limits)
    req.end('more than ten bytes')
    expect(await errorOf(body.resume() as typeof body)).toMatchObject({ code: 'body-too-large' })
  })

  test('tells a silent caller from a service that takes nothing', async () => {
    const silent = streamBody(arriving(), { ...limits, pace: { ...pace, idleMs: 5 } })
    expect(await errorOf(silent)).toMatchObject({ code: 'request-timeout' })
    const req = arriving()
    const stuck = streamBody(req, { ...limits, serviceIdleMs: 5 })
    req.write('waiting')
    expect(await errorOf(stuck)).toMatchObject({ code: 'upstream-timeout' })
  })

  test('ends with the caller, but not because the service hung up', async () => {
    const req = arriving()
    const body = streamBody(req, limits)
    req.destroy()
    expect(await errorOf(body)).toBeInstanceOf(CallerGone)
    const other = arriving()
    streamBody(other, limits).destroy()
    expect(other.destroyed).toBe(false)
  })
})
