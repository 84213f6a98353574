import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { formTargetOf } from '../../../../policies/oauth2/people/form-target.ts'
import { type ConsentView, consentPage } from '../../../../policies/oauth2/people/pages/consent.ts'
import { html } from '../../../../policies/oauth2/people/pages/html.ts'
import { heldPage, messagePage } from '../../../../policies/oauth2/people/pages/message.ts'
import { formatAmount, groupedIban, totalOf } from '../../../../policies/oauth2/people/pages/money.ts'
import type { PageContext } from '../../../../policies/oauth2/people/pages/page.ts'
import { signInPage } from '../../../../policies/oauth2/people/pages/sign-in.ts'
import { languageOf, languages } from '../../../../policies/oauth2/people/text/index.ts'
import type { PaymentInitiation } from '../../../../registry/oauth-model.ts'

const context: PageContext = {
  language: 'en',
  bank: 'Bank of Aldermoor',
  isHttps: true,
  address: { path: '/oauth2/interaction/x', query: '' },
}
const asker = { application: 'Checkout', partner: 'Marigold', isSandbox: false }
const target = { action: context.address!, csrf: 'proof', formTarget: 'https:' }
const payment: PaymentInitiation = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '1250.00' },
  creditorName: 'Marigold Books',
  creditorAccount: { iban: 'DE02120300000000202051' },
}
const consent = (more: Partial<ConsentView> = {}) =>
  consentPage(context, {
    ...target,
    asker,
    scopes: [],
    payments: [],
    redirectUri: 'https://shop.example/back',
    personName: 'Ada',
    rememberedDays: 0,
    faults: [],
    ...more,
  }).body

describe('what is put into a page', () => {
  test('is text, whatever it holds', () => {
    expect(html`<p title="${'"><script>'}">${"<b>&'"}</p>`.html).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;&#39;</p>',
    )
  })

  test('loses marks that would turn the direction of what follows, and controls', () => {
    expect(html`${'Shop\u202egro.knab\u0000\u200b\u2066'}`.html).toBe('Shopgro.knab')
  })

  test('may be in any script', () => {
    expect(html`${'متجر 林徽因 Ünïcode 🏦'}`.html).toBe('متجر 林徽因 Ünïcode 🏦')
  })

  test.each(['application', 'partner'] as const)('a hostile name of the %s stays a name', (whose) => {
    const hostile = `"><img src=x onerror=alert(1)><form action=//evil>`
    for (const body of [
      consent({ asker: { ...asker, [whose]: hostile } }),
      signInPage(context, { ...target, asker: { ...asker, [whose]: hostile }, userName: '', faults: [] })
        .body,
    ]) {
      expect(body).not.toContain('<img')
      expect(body.match(/<form /g)).toHaveLength(2)
    }
  })

  test('hostile scopes, creditors, references and people stay text', () => {
    const hostile = '</dd></dl><script>alert(1)</script>'
    const body = consent({
      scopes: [{ scope: hostile, description: hostile }],
      payments: [
        {
          ...payment,
          creditorName: hostile,
          creditorAccount: { bban: hostile },
          remittanceInformationUnstructured: hostile,
        },
      ],
      personName: hostile,
    })
    expect(body).not.toContain('<script')
  })
})

describe('the head of a page', () => {
  const { headers, body } = messagePage(context, 'ended')

  test('lets in its own style by hash, and nothing else', () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(body)![1]!
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    )
    expect(body).not.toMatch(/<script|<link|style=|\son\w+=|src=/)
  })

  test('is kept by nobody, framed by nobody, and tells nobody where one came from', () => {
    expect(headers).toMatchObject({
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'DENY',
      'X-Content-Type-Options': 'nosniff',
      'Strict-Transport-Security': 'max-age=31536000',
    })
    expect(Object.keys(headers).filter((name) => /access-control/i.test(name))).toEqual([])
  })

  test('asks for https for ever only where it is there', () => {
    const clear = messagePage({ ...context, isHttps: false }, 'ended')
    expect(clear.headers).not.toHaveProperty('Strict-Transport-Security')
  })

  test.each([
    ['https://shop.example/back', 'https:'],
    ['https://a;script-src.example/', 'https:'],
    ['http://127.0.0.1:1234/back', 'http://127.0.0.1:* https:'],
    ['http://[::1]:1234/back', 'http: https:'],
    ['com.example.app:/back', 'com.example.app:'],
  ])('lets a form lead on to the client: %s', (redirectUri, sources) => {
    expect(formTargetOf(redirectUri)).toBe(sources)
  })
})

describe('money', () => {
  test.each([
    ['en', { currency: 'EUR', amount: '1250.00' }, '€1,250.00'],
    ['en', { currency: 'EUR', amount: '0.5' }, '€0.50'],
    ['en', { currency: 'JPY', amount: '1250' }, '¥1,250'],
    ['en', { currency: 'BHD', amount: '1.5' }, 'BHD 1.500'],
    ['en', { currency: 'EUR', amount: '1.2345' }, '€1.2345'],
    ['en', { currency: 'JPY', amount: '1250.55' }, '¥1,250.55'],
    ['en', { currency: 'EUR', amount: '999999999999999.99' }, '€999,999,999,999,999.99'],
    ['zh-CN', { currency: 'CNY', amount: '88.00' }, '¥88.00'],
    ['zh-CN', { currency: 'JPY', amount: '88' }, 'JP¥88'],
    ['en', { currency: 'XQQ', amount: '1' }, 'XQQ 1.00'],
  ] as const)('is written as people of %s do, exactly: %o', (language, amount, shown) => {
    expect(formatAmount(amount, language).replaceAll('\u00a0', ' ')).toBe(shown)
  })

  test('is summed exactly, in one currency only', () => {
    const eur = (amount: string) => ({ currency: 'EUR', amount })
    expect(totalOf([eur('0.1'), eur('0.2')])).toEqual(eur('0.3'))
    expect(totalOf([eur('999999999999999.99'), eur('0.01')])).toEqual(eur('1000000000000000'))
    expect(totalOf([eur('1'), { currency: 'USD', amount: '1' }])).toBeUndefined()
  })

  test('an IBAN is shown in groups of four', () => {
    expect(groupedIban('DE02120300000000202051')).toBe('DE02 1203 0000 0000 2020 51')
  })
})

describe('the question', () => {
  test('of several payments shows each, and what they come to', () => {
    const body = consent({
      payments: [payment, { ...payment, instructedAmount: { currency: 'EUR', amount: '0.50' } }],
    })
    expect(body).toContain('Payment 1 of 2')
    expect(body).toContain('Allow payment of €1,250.50')
  })

  test('of payments in several currencies names no sum', () => {
    const body = consent({
      payments: [payment, { ...payment, instructedAmount: { currency: 'USD', amount: '1.00' } }],
    })
    expect(body).toContain('>Allow payments<')
  })

  test('says where no account is named', () => {
    expect(consent({ payments: [{ ...payment, creditorAccount: {} }] })).toContain('No account is named')
  })

  test('says what the document says of a scope, and the scope itself', () => {
    const body = consent({
      scopes: [
        { scope: 'payments:read', description: 'See payments' },
        { scope: 'odd', description: '' },
      ],
    })
    expect(body).toContain('<li>See payments<code>payments:read</code></li>')
    expect(body).toContain('<li>Not described further<code>odd</code></li>')
  })

  test.each([
    ['https://shop.example/back?x=1', '<bdi>shop.example</bdi>'],
    ['https://xn--bnk-qla.example/', '<bdi>xn--bnk-qla.example</bdi>'],
    ['https://bänk.example/', '<bdi>xn--bnk-qla.example</bdi>'],
    ['https://bank.example@evil.example/', '<bdi>evil.example</bdi>'],
    ['http://127.0.0.1:4000/back', 'a program on this computer'],
    ['com.example.app:/back', 'an app on this device (com.example.app)'],
  ])('says where the browser goes then: %s', (redirectUri, shown) => {
    expect(consent({ redirectUri })).toContain(shown)
  })

  test('says that a sandbox moves no money', () => {
    expect(consent({ asker: { ...asker, isSandbox: true } })).toContain('no real money moves')
    expect(consent()).not.toContain('no real money moves')
  })
})

describe('too many attempts', () => {
  test('says for how long, and until when', () => {
    const { status, headers, body } = heldPage(context, {
      retryAfterMs: 1_741_000,
      now: Date.UTC(2026, 10, 25, 10, 0, 0),
      back: '/x',
    })
    expect(status).toBe(429)
    expect(headers['Retry-After']).toBe('1741')
    expect(body).toContain('30 minutes')
    expect(body).toContain('10:30 UTC')
  })
})

describe('the language', () => {
  test.each([
    [undefined, [], 'zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    [undefined, [], 'en;q=0.5, zh;q=0.9', 'zh-CN'],
    [undefined, [], 'fr-FR, de', 'en'],
    [undefined, [], 'zh-TW, en;q=0.5', 'en'],
    [undefined, [], 'zh-Hant-HK', 'en'],
    [undefined, [], 'zh-Hans-HK', 'zh-CN'],
    [undefined, [], 'zh-SG', 'zh-CN'],
    [undefined, ['zh'], 'en', 'zh-CN'],
    [undefined, ['fr', 'en-GB'], 'zh', 'en'],
    ['en', ['zh'], 'zh', 'en'],
    ['__proto__', ['constructor'], 'toString, "><script>;q=x', 'en'],
    [undefined, [], `${'a,'.repeat(100_000)}zh`, 'en'],
    [undefined, [], undefined, 'en'],
  ])('chosen %p, asked for %p, preferred %.40p: %s', (chosen, uiLocales, header, expected) => {
    expect(languageOf(chosen, uiLocales, header)).toBe(expected)
  })

  test('each says all that the others say', () => {
    const membersOf = (value: object): string[] =>
      Object.entries(value).flatMap(([name, inner]) =>
        typeof inner === 'object' ? membersOf(inner).map((member) => `${name}.${member}`) : [name],
      )
    const [english, ...others] = Object.values(languages).map(membersOf)
    for (const other of others) expect(other.sort()).toEqual(english!.sort())
  })
})
