import { describe, expect, test } from '@jest/globals'
import { publishedDocument } from '../../../registry/openapi/rewrite.ts'
import { apiDocument, operation, read } from '../../support/openapi.ts'

const scopes = { 'pay:write': 'Pay' }
const publish = (document: Record<string, unknown>, title?: string) =>
  publishedDocument(Buffer.from(JSON.stringify(document)), {
    serverUrl: 'https://api.bank.example/payments/v1/',
    title,
  })

describe('a document for partners', () => {
  const document = apiDocument({
    servers: [{ url: 'http://10.0.0.5:8080' }],
    security: [{ internal: ['pay:write'] }],
    paths: {
      '/pay': {
        servers: [{ url: 'http://10.0.0.6' }],
        post: operation({ operationId: 'pay', servers: [{ url: 'http://10.0.0.7' }] }),
      },
      '/health': { get: operation({ security: [] }) },
      '/shared': { $ref: '#/components/pathItems/shared' },
    },
    components: {
      schemas: { Money: { type: 'integer' } },
      pathItems: {
        shared: { servers: [{ url: 'http://10.0.0.8' }], get: operation({ security: [{ internal: [] }] }) },
      },
      securitySchemes: {
        internal: { type: 'oauth2', flows: { password: { tokenUrl: 'http://10.0.0.9/token', scopes } } },
      },
    },
    openapi: '3.1.0',
  })

  test('points to the gateway and nowhere else', async () => {
    const published = await publish(document)
    expect(published.servers).toEqual([{ url: 'https://api.bank.example/payments/v1' }])
    expect(JSON.stringify(published)).not.toContain('10.0.0.')
  })

  test('names the ways to prove who calls that the gateway knows', async () => {
    const published = (await publish(document)) as {
      components: Record<string, unknown>
      security: unknown
      paths: Record<string, Record<string, { security?: unknown }>>
    }
    expect(published.components.securitySchemes).toEqual({
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      oauth2: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: 'https://api.bank.example/oauth2/token', scopes } },
      },
    })
    expect(published.security).toEqual([{ apiKey: [] }, { oauth2: [] }])
    expect(published.paths['/pay']!.post!.security).toEqual([{ apiKey: [] }, { oauth2: ['pay:write'] }])
    expect(published.paths['/health']!.get!.security).toBeUndefined()
  })

  test('keeps all else, and is sound', async () => {
    const published = await publish(document, 'Payments for partners')
    expect(published).toMatchObject({
      info: { title: 'Payments for partners', version: '1' },
      components: { schemas: { Money: { type: 'integer' } } },
    })
    expect((await read(published)).findings).toEqual([])
  })

  test('of Swagger 2.0 gets host, base path and schemes', async () => {
    const published = await publish(
      apiDocument({
        openapi: undefined,
        swagger: '2.0',
        host: '10.0.0.5',
        schemes: ['http'],
        securityDefinitions: {
          o: { type: 'oauth2', flow: 'application', tokenUrl: 'http://10.0.0.9', scopes },
        },
        paths: { '/pay': { post: operation({ schemes: ['http'], security: [{ o: ['pay:write'] }] }) } },
      }),
    )
    expect(published).toMatchObject({
      host: 'api.bank.example',
      basePath: '/payments/v1',
      schemes: ['https'],
      securityDefinitions: {
        oauth2: { flow: 'application', tokenUrl: 'https://api.bank.example/oauth2/token', scopes },
      },
    })
    expect(JSON.stringify(published)).not.toContain('10.0.0.')
    expect((await read(published)).findings).toEqual([])
  })

  test('is refused where it cannot be read', async () => {
    await expect(
      publishedDocument(Buffer.from('{'), { serverUrl: 'https://x.example' }),
    ).rejects.toMatchObject({ code: 'document-invalid' })
  })
})
