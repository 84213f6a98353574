import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createOutbound } from '../../gateway/outbound/outbound.ts'
import { createAuthority } from '../support/certificates.ts'

// Whoever registers a client names an address that we fetch. It must not lead into our own network, nor hold us up.

const authority = createAuthority('Authority of the shop')
const ca = authority.cert
let server: Server
let port: number
let seen: string[]

beforeAll(async () => {
  server = createServer(authority.server(['shop.example', '127.0.0.1']), (req, res) => {
    seen.push(req.url!)
    if (req.url === '/redirect') res.writeHead(302, { location: '/secret' }).end()
    else if (req.url === '/long') res.end('x'.repeat(5_000))
    else if (req.url === '/zipped') res.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    else if (req.url !== '/silent') res.end('{"keys":[]}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  seen = []
})

const leadingTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
const limits = { maxBytes: 1_000, timeoutMs: 2_000 }
const allowed = () => createOutbound({ networks: ['127.0.0.1'], ca, resolve: leadingTo('127.0.0.1') })

describe('a request to an address that others chose', () => {
  test('reaches a network that the operator allows', async () => {
    const answer = await allowed().send({ url: `https://shop.example:${port}/jwks`, ...limits })
    expect(answer).toMatchObject({ status: 200, body: '{"keys":[]}' })
  })

  test.each([
    ['loopback', ['127.0.0.1']],
    ['loopback beside a good address', ['203.0.114.7', '127.0.0.1']],
    ['IPv4 mapped into IPv6', ['::ffff:127.0.0.1']],
    ['the metadata service of a cloud', ['169.254.169.254']],
    ['nothing', []],
  ])('does not follow a name that leads to %s', async (_what, addresses) => {
    const outbound = createOutbound({ networks: [], ca, resolve: leadingTo(...addresses) })
    await expect(outbound.send({ url: `https://shop.example:${port}/`, ...limits })).rejects.toThrow('leads')
    expect(seen).toEqual([])
  })

  test.each([
    'http://shop.example/',
    'https://user:word@shop.example/',
    'file:///etc/passwd',
    'shop.example',
  ])('is refused for %s', async (url) => {
    await expect(allowed().send({ url, ...limits })).rejects.toThrow('must be https')
  })

  test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost'])(
    'is refused for the host %s',
    async (host) => {
      const outbound = createOutbound({ networks: [], ca })
      await expect(outbound.send({ url: `https://${host}:${port}/`, ...limits })).rejects.toThrow(
        'not to be reached',
      )
      expect(seen).toEqual([])
    },
  )

  test('goes to the address that was judged, though the name leads elsewhere a moment later', async () => {
    let asked = 0
    const rebinding = async () => {
      asked++
      return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
    }
    const outbound = createOutbound({ networks: ['127.0.0.1'], ca, resolve: rebinding })
    expect((await outbound.send({ url: `https://shop.example:${port}/`, ...limits })).status).toBe(200)
    expect(asked).toBe(1)
  })

  test('follows no redirect', async () => {
    const answer = await allowed().send({ url: `https://shop.example:${port}/redirect`, ...limits })
    expect(answer.status).toBe(302)
    expect(seen).toEqual(['/redirect'])
  })

  test.each([
    ['/long', 'larger than 1000 bytes'],
    ['/zipped', 'compressed'],
  ])('ends at an answer that is too much: %s', async (path, why) => {
    await expect(allowed().send({ url: `https://shop.example:${port}${path}`, ...limits })).rejects.toThrow(
      why,
    )
  })

  test('ends when there is no answer in time', async () => {
    const request = { url: `https://shop.example:${port}/silent`, maxBytes: 1_000, timeoutMs: 100 }
    await expect(allowed().send(request)).rejects.toThrow('no whole answer within 100 ms')
    const stuck = createOutbound({ networks: [], resolve: () => new Promise(() => {}) })
    await expect(stuck.send(request)).rejects.toThrow('no whole answer within 100 ms')
  })

  test('does not believe a certificate of just anybody', async () => {
    const outbound = createOutbound({ networks: ['127.0.0.1'], resolve: leadingTo('127.0.0.1') })
    await expect(outbound.send({ url: `https://shop.example:${port}/`, ...limits })).rejects.toThrow(
      /self.signed|unable to/,
    )
    expect(seen).toEqual([])
  })

  test('does not believe the certificate of another host', async () => {
    await expect(allowed().send({ url: `https://bank.example:${port}/`, ...limits })).rejects.toThrow(
      /altnames/,
    )
    expect(seen).toEqual([])
  })
})
