import { describe, expect, test } from '@jest/globals'
import { exampleAnswers, exampleRequest } from '../../../../registry/openapi/example.ts'
import { type Purpose, sampleOf } from '../../../../registry/openapi/sample.ts'

const root = {
  components: {
    schemas: {
      Loop: {
        type: 'object',
        required: ['next'],
        properties: { next: { $ref: '#/components/schemas/Loop' } },
      },
      Base: { type: 'object', required: ['id'], properties: { id: { type: 'string', format: 'uuid' } } },
    },
  },
}
const sample = (schema: unknown, purpose: Purpose = 'request') => sampleOf(root, schema, purpose)

describe('a sample of a schema', () => {
  test.each([
    [{ type: 'string', example: 'GB29' }, 'GB29'],
    [{ type: 'string', examples: ['first', 'second'] }, 'first'],
    [{ type: 'string', enum: ['EUR', 'USD'] }, 'EUR'],
    [{ const: 'fixed' }, 'fixed'],
    [{ type: 'string', format: 'date' }, '2030-01-31'],
    [{ type: 'string', minLength: 8 }, 'stringxx'],
    [{ type: 'integer', minimum: 7, multipleOf: 5 }, 10],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 0.5 }, 0.5],
    [{ type: ['null', 'boolean'] }, true],
    [{ type: 'array', items: { type: 'integer' } }, [1]],
    [{ oneOf: [{ type: 'null' }, { type: 'string' }] }, 'string'],
  ])('of %j is %j', (schema, value) => {
    expect(sample(schema)).toEqual(value)
  })

  test('of a request holds what is required, of an answer all but what is only written', () => {
    const schema = {
      type: 'object',
      required: ['amount', 'id'],
      properties: {
        amount: { type: 'integer' },
        id: { type: 'string', readOnly: true },
        pin: { type: 'string', writeOnly: true },
        note: { type: 'string' },
      },
    }
    expect(sample(schema)).toEqual({ amount: 1 })
    expect(sample(schema, 'response')).toEqual({ amount: 1, id: 'string', note: 'string' })
  })

  test('lays the parts of allOf over one another, with what stands beside them', () => {
    const schema = {
      allOf: [
        { $ref: '#/components/schemas/Base' },
        { required: ['n'], properties: { n: { type: 'integer' } } },
      ],
    }
    expect(sample(schema)).toEqual({ id: '3fa85f64-5717-4562-b3fc-2c963f66afa6', n: 1 })
  })

  test('of a schema that holds itself ends', () => {
    expect(JSON.stringify(sample({ $ref: '#/components/schemas/Loop' })).length).toBeLessThan(100)
    expect(sample({ allOf: [{ $ref: '#/components/schemas/Gone' }], type: 'object' })).toEqual({})
  })
})

describe('an example call', () => {
  test('fills in what is required, leaves unknown path parameters empty and headers of ours out', () => {
    const operation = {
      parameters: [
        { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
        { in: 'query', name: 'currency', required: true, example: 'EUR' },
        { in: 'query', name: 'page', schema: { type: 'integer' } },
        { in: 'header', name: 'Authorization', required: true, schema: { type: 'string' } },
        { in: 'header', name: 'idempotency-key', required: true, schema: { type: 'string', format: 'uuid' } },
      ],
    }
    expect(exampleRequest(root, operation)).toEqual({
      parameters: [
        { in: 'path', name: 'id', value: '' },
        { in: 'query', name: 'currency', value: 'EUR' },
        { in: 'header', name: 'idempotency-key', value: '3fa85f64-5717-4562-b3fc-2c963f66afa6' },
      ],
      body: null,
    })
  })

  test('prefers JSON, and the example that the document gives', () => {
    const content = {
      'application/xml': { example: '<a/>' },
      'application/json; charset=utf-8': { examples: { one: { value: { amount: 5 } } } },
    }
    const { body } = exampleRequest(root, { requestBody: { content } })
    expect(body).toEqual({ type: 'application/json; charset=utf-8', text: '{\n  "amount": 5\n}' })
  })

  test('writes nested values into a form by brackets', () => {
    const example = { amount: 1, card: { name: 'A & B', tags: ['x'] } }
    const content = { 'application/x-www-form-urlencoded': { example } }
    const { body } = exampleRequest(root, { requestBody: { content } })
    expect(body?.text).toBe('amount=1&card[name]=A%20%26%20B&card[tags][0]=x')
  })

  test('comes with an example of each answer that has a body', () => {
    const json = { content: { 'application/json': { schema: { type: 'boolean' } } } }
    expect(exampleAnswers(root, { responses: { 200: json, 204: { description: 'Nothing' } } })).toEqual([
      { status: '200', type: 'application/json', text: 'true' },
    ])
  })
})
