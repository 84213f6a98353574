import { describe, expect, test } from '@jest/globals'
import type { Operation } from '../../../../registry/model.ts'
import { splitDocument } from '../../../../registry/openapi/split.ts'

const schemas = {
  Pay: { type: 'object', properties: { to: { $ref: '#/components/schemas/Party' } } },
  Party: { properties: { parent: { $ref: '#/components/schemas/Party' } } },
  Unused: { type: 'string' },
}

function split(paths: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const root = { openapi: '3.0.3', info: { title: 'Pay' }, paths, components: { schemas }, ...more }
  const operation = { id: 'pay', method: 'POST', path: '/pay' } as Operation
  const { operations, parts } = splitDocument(root, [operation])
  return {
    operation: JSON.parse(operations.get('pay') ?? 'null'),
    parts: Object.fromEntries([...parts].map(([name, text]) => [name, JSON.parse(text)])),
  }
}

const bodyOf = (schema: unknown) => ({ content: { 'application/json': { schema } } })
const toPay = { $ref: '#/components/schemas/Pay' }

describe('splitting a document', () => {
  test('keeps with an operation all that it reaches, through loops too, and nothing else', () => {
    const { parts } = split({ '/pay': { post: { requestBody: bodyOf(toPay) } } })
    expect(parts).toEqual({ 'schemas/Pay': schemas.Pay, 'schemas/Party': schemas.Party })
  })

  test('gives the operation the parameters of its path, where it has not the same one itself', () => {
    const mine = { name: 'a', in: 'query', description: 'mine' }
    const shared = [
      { name: 'a', in: 'query' },
      { name: 'a', in: 'header' },
    ]
    const { operation } = split({ '/pay': { parameters: shared, post: { parameters: [mine] } } })
    expect(operation.parameters).toEqual([{ name: 'a', in: 'header' }, mine])
  })

  test('leaves out servers and security: those are the gateway’s', () => {
    const { operation } = split({
      '/pay': { post: { servers: [{ url: '/x' }], security: [], summary: 'Pays' } },
    })
    expect(operation).toEqual({ summary: 'Pays' })
  })

  test('names a place in the middle of something by itself, so that the something need not come along', () => {
    const middle = { $ref: '#/paths/~1other/get/responses/200' }
    const paths = {
      '/pay': { post: { responses: { 200: middle } } },
      '/other': { get: { responses: { 200: { description: 'Done' } } } },
    }
    const { operation, parts } = split(paths)
    const [name] = Object.keys(parts)
    expect(parts).toEqual({ [name!]: { description: 'Done' } })
    expect(operation.responses[200]).toEqual({ $ref: `#/components/${name}` })
  })

  test('takes `$ref` for data inside of examples, and for a name inside of properties', () => {
    const schema = {
      example: { $ref: '#/components/schemas/Unused' },
      properties: { $ref: { type: 'string' }, example: { $ref: '#/components/schemas/Party' } },
    }
    const { operation, parts } = split({ '/pay': { post: { requestBody: bodyOf(schema) } } })
    expect(operation.requestBody.content['application/json'].schema).toEqual(schema)
    expect(Object.keys(parts)).toEqual(['schemas/Party'])
  })

  test('drops extensions that would pull in other parts, and keeps the others', () => {
    const { operation, parts } = split({ '/pay': { post: { 'x-more': [toPay], 'x-note': 'kept' } } })
    expect(operation).toEqual({ 'x-note': 'kept' })
    expect(parts).toEqual({})
  })

  test('leaves references that lead nowhere or out of the document as they are', () => {
    const schema = { oneOf: [{ $ref: '#/components/schemas/Gone' }, { $ref: 'other.yaml#/Pay' }] }
    const { operation } = split({ '/pay': { post: { requestBody: bodyOf(schema) } } })
    expect(operation.requestBody).toEqual(bodyOf(schema))
  })
})
