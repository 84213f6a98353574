import { describe, expect, test } from '@jest/globals'
import { readBytes } from '../../../../registry/openapi/read.ts'
import { apiDocument, operation } from '../../../support/openapi.ts'

const securitySchemes = {
  oauth: {
    type: 'oauth2',
    flows: {
      clientCredentials: {
        tokenUrl: 'https://t.example',
        scopes: { 'pay:write': 'Pay', 'pay:read': 'Look' },
      },
      password: { tokenUrl: 'https://t.example', scopes: { admin: 'All' } },
    },
  },
  oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example' },
  key: { type: 'apiKey', in: 'header', name: 'X-Key' },
  jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
}

const read = (security: unknown, parts: Record<string, unknown> = {}) => {
  const document = apiDocument({
    components: { securitySchemes },
    paths: { '/pay': { post: operation(security === undefined ? {} : { security }) } },
    ...parts,
  })
  return readBytes(Buffer.from(JSON.stringify(document))).document
}
const asked = (security: unknown, parts?: Record<string, unknown>) => {
  const { scopes, isAnonymous } = read(security, parts).operations[0]!
  return { scopes, isAnonymous }
}

describe('security of a document', () => {
  test('schemes are described', () => {
    expect(read([]).securitySchemes).toEqual({
      oauth: { type: 'oauth2', detail: 'clientCredentials, password' },
      oidc: { type: 'openIdConnect', detail: 'https://id.example' },
      key: { type: 'apiKey', detail: 'header X-Key' },
      jwt: { type: 'http', detail: 'bearer JWT' },
    })
  })

  test('scopes of all flows are read with what is said of them', () => {
    expect(read([]).scopes).toEqual({ 'pay:write': 'Pay', 'pay:read': 'Look', admin: 'All' })
  })

  test('scopes of Swagger 2.0 are read', () => {
    const securityDefinitions = {
      o: { type: 'oauth2', flow: 'application', tokenUrl: 'https://t.example', scopes: { a: 'A' } },
    }
    const document = read([{ o: ['a'] }], {
      openapi: undefined,
      swagger: '2.0',
      components: undefined,
      securityDefinitions,
    })
    expect(document.scopes).toEqual({ a: 'A' })
    expect(document.operations[0]!.scopes).toEqual([['a']])
  })
})

describe('what an operation asks for', () => {
  test.each([
    ['alternatives', [{ oauth: ['pay:write'] }, { oauth: ['admin'] }], [['pay:write'], ['admin']]],
    [
      'schemes together',
      [{ oauth: ['pay:write'], oidc: ['pay:read', 'pay:write'] }],
      [['pay:write', 'pay:read']],
    ],
    ['a key beside scopes', [{ oauth: ['pay:write'] }, { key: [] }], [['pay:write']]],
    ['a key together with scopes', [{ oauth: ['pay:write'], key: [] }], [['pay:write']]],
    ['only a key', [{ key: [] }], []],
    ['roles of a scheme without scopes', [{ jwt: ['teller'] }], []],
    ['a token without scopes as alternative', [{ oauth: ['pay:write'] }, { oidc: [] }], []],
    ['two scopes in one text', [{ oauth: ['pay:write pay:read'] }], [['pay:write', 'pay:read']]],
  ])('%s', (_, security, scopes) => {
    expect(asked(security)).toEqual({ scopes, isAnonymous: false })
  })

  test('its own security stands instead of the document’s', () => {
    const security = [{ oauth: ['admin'] }]
    expect(asked(undefined, { security })).toEqual({ scopes: [['admin']], isAnonymous: false })
    expect(asked([{ oauth: ['pay:write'] }], { security })).toEqual({
      scopes: [['pay:write']],
      isAnonymous: false,
    })
    expect(asked([], { security })).toEqual({ scopes: [], isAnonymous: true })
  })

  test('it is anonymous without any security, or with an empty alternative', () => {
    expect(asked(undefined)).toEqual({ scopes: [], isAnonymous: true })
    expect(asked([{}, { oauth: ['pay:write'] }])).toEqual({ scopes: [['pay:write']], isAnonymous: true })
  })

  test('an unknown scheme that lists scopes still asks for them', () => {
    const document = read([{ typo: ['pay:write'] }])
    expect(document.operations[0]!.scopes).toEqual([['pay:write']])
    expect(document.findings.map((f) => f.code)).toEqual(['security-scheme-unknown'])
  })

  test('a scope that is declared nowhere is reported and counts', () => {
    const document = read([{ oauth: ['pay:refund'] }], {
      components: { securitySchemes: { oauth: securitySchemes.oauth } },
    })
    expect(document.findings.map((f) => f.code)).toEqual(['scope-undeclared'])
    expect(document.scopes).toHaveProperty('pay:refund')
  })

  test('a scope that nobody could hold refuses the document, rather than opening the operation', () => {
    expect(() => read([{ oauth: ['zahlen:für'] }])).toThrow(
      expect.objectContaining({ code: 'document-invalid' }),
    )
  })
})
