import { describe, expect, test } from '@jest/globals'
import { languages } from '../../../admin/code-samples/languages.ts'
import { SampleRequest, sampleOf } from '../../../admin/code-samples/sample.ts'

const call = {
  method: 'POST',
  url: 'https://api.bank.example/pay/v1/payments/{id}?at=a%20b',
  headers: [{ name: 'Idempotency-Key', value: "it's" }],
  body: { type: 'application/json', text: '{"amount":1,"to":"O\'Neill \\"Bank\\""}' },
}
const sample = (parts: Record<string, unknown>) => sampleOf(SampleRequest.parse({ ...call, ...parts }))

/** The form of a call that a program of Node makes, with what it reads from its environment. */
async function made(code: string, env: Record<string, string>) {
  let made: { url: string; options: RequestInit } | undefined
  const fetch = async (url: string, options: RequestInit) => {
    made = { url, options }
    return new Response('{}')
  }
  await new Function('fetch', 'process', 'console', `${code}`)(fetch, { env }, { log() {}, error() {} })
  return made!
}

describe('a sample', () => {
  test('for Node makes the very call, with the key of its environment', async () => {
    const { code } = sample({ language: 'node', credential: 'api-key' })
    const { url, options } = await made(code, { API_KEY: 'k' })
    expect(url).toBe(call.url)
    expect(options).toEqual({
      method: 'POST',
      headers: { 'X-API-Key': 'k', 'Idempotency-Key': "it's", 'Content-Type': 'application/json' },
      body: JSON.stringify(JSON.parse(call.body.text)),
    })
  })

  test('for Node sends a form field by field, and a token as a bearer', async () => {
    const body = { type: 'application/x-www-form-urlencoded', text: 'amount=1&card[name]=A%20%26%20B' }
    const { options } = await made(sample({ language: 'node', credential: 'token', body }).code, {
      ACCESS_TOKEN: 't',
    })
    expect((options.headers as Record<string, string>).Authorization).toBe('Bearer t')
    expect([...(options.body as URLSearchParams)]).toEqual([
      ['amount', '1'],
      ['card[name]', 'A & B'],
    ])
  })

  test.each([
    ['node', "'Bearer ' + process.env.ACCESS_TOKEN"],
    ['python', '"Bearer " + os.environ["ACCESS_TOKEN"]'],
    ['java', '"Bearer " + System.getenv("ACCESS_TOKEN")'],
    ['go', '"Bearer " + os.Getenv("ACCESS_TOKEN")'],
    ['php', '"Authorization: Bearer " . getenv("ACCESS_TOKEN")'],
  ])('for %s reads the token from its environment', (language, expression) => {
    const { code, secret } = sample({ language, credential: 'token' })
    expect(code).toContain(expression)
    expect(expression.endsWith(secret!)).toBe(true)
  })

  test.each(languages)(
    'for %s keeps the braces of path parameters, and needs no key where none is wanted',
    (language) => {
      const { code, secret } = sample({ language })
      expect(code).toContain('/payments/{id}?at=a%20b')
      expect(secret).toBeNull()
      expect(code).not.toMatch(/import os|"os"|API_KEY|5ecre7/)
    },
  )
})
