import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from '@jest/globals'
import { startPayments } from '../../support/payments.ts'
import { until } from '../../support/until.ts'

const pay = { amount: 100, account_id: 'acc_2' }
const key = (value: string) => ({ 'idempotency-key': value })
const open: { close(): Promise<void> }[] = []
const start = async (...options: Parameters<typeof startPayments>) => {
  const service = await startPayments(...options)
  open.push(service)
  return service
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((service) => service.close()))
})

describe('payments', () => {
  test('version 1 answers with its two words, with and without its name in the path', async () => {
    const { call } = await start()
    for (const path of ['/payment', '/v1/payment'])
      expect(await call('POST', path, pay)).toMatchObject({
        status: 200,
        body: { status: 'success', message: 'Payment processed successfully.' },
      })
  })

  test('a payment lowers the balance by its amount, and can be read where Location says', async () => {
    const { url, call } = await start({ now: () => 0 })
    const { headers } = await call('POST', '/v1/payment', pay)
    const location = new URL(headers.get('location')!, `${url}/v1/payment`).pathname
    expect((await call('GET', location)).body).toEqual({
      payment_id: 'pay_1',
      status: 'success',
      amount: 100,
      account_id: 'acc_2',
      created_at: '1970-01-01T00:00:00.000Z',
    })
    expect((await call('GET', '/accounts/acc_2/balance')).body.balance).toBe(24_999_900)
  })

  test('refusals move nothing', async () => {
    const { call } = await start()
    expect(await call('POST', '/payment', { amount: 501, account_id: 'acc_5' })).toMatchObject({
      status: 402,
      body: { status: 'error' },
    })
    expect((await call('GET', '/accounts/acc_5/balance')).body.balance).toBe(500)
    expect((await call('GET', '/accounts/acc_5/transactions')).body).toEqual({ transactions: [], next: null })
  })

  test('transactions come in pages, newest first', async () => {
    const { call } = await start()
    for (const amount of [1, 2, 3]) await call('POST', '/payment', { ...pay, amount })
    const first = (await call('GET', '/accounts/acc_2/transactions?limit=2')).body
    const second = (await call('GET', `/accounts/acc_2/transactions?limit=2&after=${first.next}`)).body
    expect([...first.transactions, ...second.transactions].map((t) => t.amount)).toEqual([-3, -2, -1])
    expect(second.next).toBeNull()
  })

  test('a card number never comes back', async () => {
    const { call } = await start()
    const card = { number: '4242424242424242', expiry: '12/30', cvc: '123' }
    const { body } = await call('POST', '/topups', { ...pay, card })
    expect(body.card).toBe('**** 4242')
    expect(JSON.stringify(body)).not.toContain(card.number)
  })

  test.each(['/payment', '/v2/payments'])('what is not JSON is a problem: %s', async (path) => {
    const { call } = await start()
    expect(await call('POST', path, '{"amount"')).toMatchObject({
      status: 400,
      mediaType: 'application/problem+json',
    })
    expect(await call('POST', path, 'amount=1', { 'content-type': 'text/plain' })).toMatchObject({
      status: 400,
    })
    expect(await call('POST', path, `"${'x'.repeat(70_000)}"`)).toMatchObject({ status: 413 })
  })

  test('an address where nothing is gives a problem', async () => {
    const { call } = await start()
    expect(await call('GET', '/nothing')).toMatchObject({
      status: 404,
      mediaType: 'application/problem+json',
    })
  })
})

describe('version 2', () => {
  const input = { amount: { value: 100, currency: 'EUR' }, account_id: 'acc_2' }

  test('a repeated key gets the first answer again and moves no money', async () => {
    const { call } = await start()
    const first = await call('POST', '/v2/payments', input, key('a'))
    const second = await call('POST', '/v2/payments', input, key('a'))
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect((await call('GET', '/v2/accounts/acc_2/balance')).body.available.value).toBe(24_999_900)
  })

  test('a key with another body is refused, and so is a missing key', async () => {
    const { call } = await start()
    await call('POST', '/v2/payments', input, key('a'))
    expect((await call('POST', '/v2/payments', { ...input, account_id: 'acc_1' }, key('a'))).status).toBe(422)
    expect((await call('POST', '/v2/payments', input)).status).toBe(400)
  })

  test('a refusal may be tried again under its key', async () => {
    const { call } = await start()
    const poor = { ...input, account_id: 'acc_5', amount: { value: 600, currency: 'EUR' } }
    expect((await call('POST', '/v2/payments', poor, key('a'))).status).toBe(402)
    await call(
      'POST',
      '/v2/transfers',
      { amount: input.amount, from_account_id: 'acc_1', to_account_id: 'acc_5' },
      key('b'),
    )
    expect((await call('POST', '/v2/payments', poor, key('a'))).status).toBe(201)
  })
})

describe('behaviour', () => {
  test('fails as often as it was told, in its own words', async () => {
    const { call } = await start({ random: () => 0.4 })
    await call('PUT', '/_control', { failRate: 0.5, failStatus: 503 })
    expect(await call('POST', '/payment', pay)).toMatchObject({ status: 503, body: { status: 'error' } })
    await call('PUT', '/_control', { failRate: 0.3 })
    expect((await call('POST', '/payment', pay)).status).toBe(200)
  })

  test('is slow, or silent, and counts who waits', async () => {
    const { url, call } = await start()
    await call('PUT', '/_control', { hang: true })
    const given = new AbortController()
    const calls = [1, 2].map(() => fetch(`${url}/accounts/acc_1/balance`, { signal: given.signal }))
    await until(async () => (await call('GET', '/_control')).body.inFlight === 2)
    given.abort()
    await Promise.all(calls.map((one) => expect(one).rejects.toThrow()))
    await until(async () => (await call('GET', '/_control')).body.inFlight === 0)
    expect((await call('PUT', '/_control', { delayMs: 1 })).body).toMatchObject({
      delayMs: 1,
      hang: false,
      served: 0,
    })
    expect((await call('POST', '/payment', pay)).status).toBe(200)
  })

  test('refuses a behaviour that it does not know', async () => {
    const { call } = await start()
    expect((await call('PUT', '/_control', { failRate: 2 })).status).toBe(400)
    expect((await call('PUT', '/_control', { slow: true })).status).toBe(400)
  })
})

describe('the process', () => {
  const main = join(import.meta.dirname, '../../../examples/payments/main.ts')
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  const run = async (env: Record<string, string>) => {
    const child = spawn(process.execPath, [main], {
      env: { ...env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    return { child, url: (JSON.parse(line) as { url: string }).url }
  }

  test('says where it listens, and who serves', async () => {
    const { url } = await run({ INSTANCE: 'one', FAIL_RATE: '1', FAIL_STATUS: '502' })
    const answer = await fetch(`${url}/accounts/acc_1/balance`)
    expect([answer.status, answer.headers.get('x-served-by')]).toEqual([502, 'one'])
  })

  test('finishes the call in flight when it is told to end', async () => {
    const { child, url } = await run({ DELAY_MS: '300' })
    const exit = once(child, 'exit')
    const answer = fetch(`${url}/payment`, {
      method: 'POST',
      body: JSON.stringify(pay),
      headers: { 'content-type': 'application/json' },
    })
    await until(
      async () => ((await (await fetch(`${url}/_control`)).json()) as { inFlight: number }).inFlight === 1,
    )
    child.kill('SIGTERM')
    expect((await answer).status).toBe(200)
    expect(await exit).toEqual([0, null])
  })
})
