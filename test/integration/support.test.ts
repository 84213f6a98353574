import { afterEach, describe, expect, test } from '@jest/globals'
import { startEcho } from '../support/echo.ts'
import { until } from '../support/until.ts'
import { upstream } from '../support/upstream.ts'

const open: { close(): Promise<void> }[] = []
const opened = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
  const one = await starting
  open.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

describe('the echo', () => {
  test('tells what it received, and keeps it', async () => {
    const echo = await opened(startEcho({ status: 202 }))
    const answer = await fetch(`${echo.url}/a%2Fb?x=1`, {
      method: 'POST',
      body: 'ab',
      headers: { 'X-Mixed': 'yes' },
    })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toMatchObject({ method: 'POST', url: '/a%2Fb?x=1', body: 'YWI=' })
    expect(echo.seen[0]).toMatchObject({ method: 'POST', url: '/a%2Fb?x=1', body: Buffer.from('ab') })
    expect(echo.seen[0]!.headers).toContain('yes')
  })

  test('counts calls in flight', async () => {
    const echo = await opened(startEcho({ delayMs: 100 }))
    const calls = Promise.all([1, 2, 3].map(() => fetch(echo.url)))
    await until(() => echo.inFlight() === 3)
    await calls
    await until(() => echo.inFlight() === 0)
    expect(echo.maxInFlight()).toBe(3)
  })
})

describe('the upstream', () => {
  test('answers', async () => {
    const bank = await opened(upstream().answers(402, { status: 'error' }, { 'x-a': 'b' }))
    const answer = await fetch(bank.url, { method: 'POST', body: '{}' })
    expect([answer.status, answer.headers.get('x-a'), await answer.json()]).toEqual([
      402,
      'b',
      { status: 'error' },
    ])
    expect(bank.seen.map((s) => s.body.toString())).toEqual(['{}'])
  })

  test('hangs up after reading, or at once', async () => {
    const reading = await opened(upstream().reads().thenHangsUp())
    const rude = await opened(upstream().hangsUp())
    await expect(fetch(reading.url, { method: 'POST', body: 'a' })).rejects.toThrow()
    await expect(fetch(rude.url, { method: 'POST', body: 'a' })).rejects.toThrow()
    expect([reading.seen.length, rude.seen.length]).toEqual([1, 0])
    expect(rude.connections()).toBeGreaterThan(0)
  })

  test('breaks off, or says what is not HTTP', async () => {
    const breaking = await opened(upstream().reads().thenBreaksOff())
    const babbling = await opened(upstream().reads().thenSays('hello'))
    const answer = await fetch(breaking.url)
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
    await expect(fetch(babbling.url)).rejects.toThrow()
  })

  test('stays silent, is slow, or is not there', async () => {
    const silent = await opened(upstream().neverAnswers())
    const slow = await opened(upstream().answersSlowly(1, 3))
    const gone = await upstream().refuses()
    await expect(fetch(silent.url, { signal: AbortSignal.timeout(100) })).rejects.toThrow()
    expect(silent.seen).toHaveLength(1)
    expect(await (await fetch(slow.url)).text()).toBe('chunk   0\nchunk   1\nchunk   2\n')
    await expect(fetch(gone.url)).rejects.toThrow()
  })
})
