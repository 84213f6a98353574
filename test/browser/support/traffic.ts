import type { ConsolePlatform } from './platform.ts'

const calls = [
  ['GET', '/payments/v1/accounts/acc_1/balance'],
  ['GET', '/payments/v1/accounts/acc_1'],
  ['POST', '/payments/v1/payment'],
  ['POST', '/payments/v1/payment'],
  ['GET', '/payments/v1/accounts/acc_1/transactions'],
  ['GET', '/payments/v1/nothing'],
] as const

/** Some minutes' worth of calls of the demo's partner: most are answered, a few refused. */
export async function makeTraffic({ gateway, demo }: ConsolePlatform, rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round++)
    await Promise.all(
      calls.map(async ([method, path], i) => {
        const key = round % 5 === 4 && i === 0 ? 'nobody' : demo.apiKey
        const answer = await fetch(gateway.url + path, {
          method,
          headers: { 'x-api-key': key, 'content-type': 'application/json' },
          ...(method === 'POST' && { body: JSON.stringify({ amount: 1250, account_id: 'acc_1' }) }),
        })
        await answer.arrayBuffer()
      }),
    )
}
