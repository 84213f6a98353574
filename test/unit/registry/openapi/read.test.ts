import { describe, expect, test } from '@jest/globals'
import { readBytes } from '../../../../registry/openapi/read.ts'
import { apiDocument, operation } from '../../../support/openapi.ts'

const read = (parts: Record<string, unknown>) =>
  readBytes(Buffer.from(JSON.stringify(apiDocument(parts), null, 2))).document
const refusal = (parts: Record<string, unknown>) => {
  try {
    read(parts)
  } catch (error) {
    return (error as { errors: { pointer: string; detail: string; line: number }[] }).errors
  }
  throw new Error('it was not refused')
}

describe('what a document is', () => {
  test.each([
    [{ openapi: '3.0.0' }, '3.0'],
    [{ openapi: '3.1.1' }, '3.1'],
    [{ openapi: '3.2.0' }, '3.2'],
    [{ openapi: 3.1 }, '3.1'],
    [{ openapi: 3 }, '3.0'],
    [{ openapi: undefined, swagger: '2.0' }, '2.0'],
    [{ openapi: undefined, swagger: 2 }, '2.0'],
  ])('%j is read as %s', (parts, dialect) => {
    expect(read(parts).dialect).toBe(dialect)
  })

  test.each([
    { openapi: '4.0.0' },
    { openapi: '3.10.0' },
    { openapi: undefined, swagger: '1.2' },
    { openapi: undefined },
  ])('%j is refused', (parts) => {
    expect(refusal(parts)[0]!.detail).toMatch(/not known|not an OpenAPI document/)
  })

  test('title, version, size and hash are kept', () => {
    expect(read({})).toMatchObject({
      title: 'Pay',
      version: '1',
      bytes: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('servers stand with the defaults of their variables', () => {
    const servers = [
      { url: 'https://{env}.bank.example/{base}', variables: { env: { default: 'api' } } },
      { url: '/v1' },
    ]
    expect(read({ servers }).servers).toEqual(['https://api.bank.example/{base}', '/v1'])
  })

  test.each([
    [
      { host: 'bank.example', basePath: '/v1', schemes: ['https', 'http'] },
      ['https://bank.example/v1', 'http://bank.example/v1'],
    ],
    [{ host: 'bank.example' }, ['https://bank.example']],
    [{ basePath: '/v1' }, ['/v1']],
  ])('servers of Swagger 2.0 are put together: %j', (parts, servers) => {
    expect(read({ openapi: undefined, swagger: '2.0', ...parts }).servers).toEqual(servers)
  })
})

describe('operations', () => {
  const pathsOf = (...paths: string[]) => ({
    paths: Object.fromEntries(paths.map((p) => [p, { get: operation() }])),
  })

  test('all methods are read', () => {
    const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
    const item = Object.fromEntries(methods.map((m) => [m, operation()]))
    expect(read({ paths: { '/a': item } }).operations.map((o) => o.method.toLowerCase())).toEqual(methods)
  })

  test('summary, tags and deprecation are read', () => {
    const get = operation({ summary: 'Shows', tags: ['a', 'b'], deprecated: true })
    expect(read({ paths: { '/a': { get } } }).operations[0]).toMatchObject({
      summary: 'Shows',
      tags: ['a', 'b'],
      isDeprecated: true,
    })
  })

  test('without an id they are called by method and path', () => {
    expect(read(pathsOf('/a/{id}')).operations[0]!.id).toBe('GET /a/{id}')
  })

  test('an id that looks like a numbered one does not collide', () => {
    const ids = ['x', 'x-2', 'x', 'x', 'x-2']
    const paths = Object.fromEntries(
      ids.map((operationId, i) => [`/${i}`, { get: operation({ operationId }) }]),
    )
    expect(read({ paths }).operations.map((o) => o.id)).toEqual(['x', 'x-2', 'x-3', 'x-4', 'x-2-2'])
  })

  test('an id given twice gets a number and a warning with its line', () => {
    const document = read({
      paths: {
        '/a': { get: operation({ operationId: 'x' }) },
        '/b': { get: operation({ operationId: 'x' }) },
      },
    })
    expect(document.operations.map((o) => o.id)).toEqual(['x', 'x-2'])
    expect(document.findings).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'operation-id-changed',
        pointer: '/paths/~1b/get/operationId',
        line: 25,
      }),
    )
  })

  test.each([
    '/a/{x}.{y}',
    '/a/{id}:cancel',
    '/a/{account-id}',
    '/',
    '/a/',
    '/a%20b',
    '/constructor/{toString}',
  ])('the path %s is kept as it is', (path) => {
    expect(read(pathsOf(path)).operations[0]!.path).toBe(path)
  })

  test.each(['a', '/a?x=1', '/a#b', '/{a', '/a}', '/{}', '/{a/b}'])(
    'the path %s is refused with its place',
    (path) => {
      expect(refusal(pathsOf(path))[0]).toMatchObject({
        pointer: `/paths/${path.replaceAll('/', '~1')}`,
        line: 8,
      })
    },
  )

  test('two templates that no call can tell apart are refused', () => {
    expect(refusal(pathsOf('/a/{x}', '/a/{y}'))[0]!.detail).toMatch(/can tell GET \/a\/{y} from \/a\/{x}/)
  })

  test('the same shape with another method is taken', () => {
    expect(
      read({ paths: { '/a/{x}': { get: operation() }, '/a/{y}': { post: operation() } } }).operations,
    ).toHaveLength(2)
  })

  test('a path may refer to another place of the document', () => {
    const paths = {
      '/a': { $ref: '#/components/pathItems/shared', summary: 'A' },
      '/b': { $ref: '#/paths/~1a' },
    }
    const components = { pathItems: { shared: { get: operation({ operationId: 'shared' }) } } }
    const document = read({ openapi: '3.1.0', paths, components })
    expect(document.operations.map((o) => `${o.method} ${o.path} ${o.id}`)).toEqual([
      'GET /a shared',
      'GET /b shared-2',
    ])
  })

  test.each(['https://elsewhere.example/x.yaml', 'file:///etc/passwd', '#/nowhere', '#/paths/~1a'])(
    'a path that refers to %s is left out and reported',
    ($ref) => {
      const document = read({ paths: { '/a': { $ref }, '/b': { get: operation() } } })
      expect(document.operations).toHaveLength(1)
      expect(document.findings).toContainEqual(
        expect.objectContaining({ severity: 'error', code: 'path-unreadable', pointer: '/paths/~1a' }),
      )
    },
  )

  test('a document without paths is refused', () => {
    expect(refusal({ paths: undefined })[0]!.detail).toMatch(/no `paths`/)
  })

  test('a document of webhooks only comes in with warnings', () => {
    const document = read({ openapi: '3.1.0', paths: undefined, webhooks: { paid: { post: operation() } } })
    expect(document.operations).toEqual([])
    expect(document.findings.map((f) => f.code)).toEqual(['no-operations', 'webhooks-not-routed'])
  })

  test('methods that the gateway does not know are reported', () => {
    const paths = {
      '/a': { query: operation(), additionalOperations: { LINK: operation() }, get: operation() },
    }
    expect(read({ openapi: '3.2.0', paths }).findings.map((f) => f.message)).toEqual([
      'Calls with QUERY /a are not routed.',
      'Calls with LINK /a are not routed.',
    ])
  })
})

describe('references', () => {
  test('that lead nowhere or outside are findings with their places', () => {
    const responses = { 200: { $ref: '#/components/responses/gone' }, 400: { $ref: 'http://127.0.0.1/x#/y' } }
    expect(read({ paths: { '/a': { get: { responses } } } }).findings).toEqual([
      {
        severity: 'error',
        code: 'ref-dangling',
        message: '`#/components/responses/gone` leads nowhere.',
        pointer: '/paths/~1a/get/responses/200/$ref',
        line: 12,
      },
      expect.objectContaining({
        severity: 'warning',
        code: 'ref-external',
        pointer: '/paths/~1a/get/responses/400/$ref',
      }),
    ])
  })

  test('in samples, and properties of that name, are data', () => {
    const schema = {
      type: 'object',
      properties: { $ref: { type: 'string' }, example: { $ref: '#/gone' } },
      example: { $ref: '#/data' },
    }
    const findings = read({ components: { schemas: { S: schema } } }).findings
    expect(findings.map((f) => f.pointer)).toEqual(['/components/schemas/S/properties/example/$ref'])
  })

  test('in circles end', () => {
    const schemas = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } }
    expect(read({ components: { schemas } }).operations).toHaveLength(1)
  })
})
