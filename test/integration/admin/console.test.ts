import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { mountConsole } from '../../../admin/console.ts'
import { renderProblems, unknownAddress } from '../../../admin/errors.ts'
import { openRequest } from '../../../admin/requests.ts'
import { createLog } from '../../../registry/base/log.ts'

let folder: string
let server: Server
let url: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'console-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<meta name="csp-nonce" content="%NONCE%"><div id="root">')
  for (const name of ['index-Ab3_dE9z.js', 'gone-Ab3_dE9z.js', 'scheme.js']) {
    writeFileSync(join(folder, 'assets', name), `// ${name}`)
    writeFileSync(join(folder, 'assets', `${name}.br`), brotliCompressSync(`// ${name}`))
  }
  const log = createLog('admin', 'silent')
  const app = express()
  app.use(openRequest)
  mountConsole(app, { log } as Parameters<typeof mountConsole>[1], folder)
  app.use(unknownAddress)
  app.use(renderProblems(log))
  server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

describe('the console’s page', () => {
  test.each(['/', '/admin/requests', '/portal/shop/apis', '/auth/sign-in'])('stands at %s', async (path) => {
    const answer = await fetch(url + path)
    const text = await answer.text()
    const nonce = /content="([^"]+)"/.exec(text)?.[1]
    expect(nonce).toMatch(/^[\w+/]{22}==$/)
    expect(answer.headers.get('content-security-policy')).toBe(
      `default-src 'self';script-src 'self';style-src 'self' 'nonce-${nonce}';img-src 'self' data:;font-src 'self';connect-src 'self';object-src 'none';base-uri 'none';frame-ancestors 'none';form-action 'self'`,
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('has a new nonce in each answer', async () => {
    const texts = await Promise.all([1, 2].map(async () => (await fetch(url)).text()))
    expect(texts[0]).not.toBe(texts[1])
  })

  test.each(['/api/nothing', '/apis', '/assets/nothing.js', '/assets/../index.html'])(
    'is not at %s',
    async (path) => {
      const answer = await fetch(url + path)
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        404,
        'route-unknown',
      ])
    },
  )
})

describe('the console’s files', () => {
  test('are sent compressed, and kept where their name changes with what is inside', async () => {
    const answer = await fetch(`${url}/assets/index-Ab3_dE9z.js`, { headers: { 'accept-encoding': 'br' } })
    expect(await answer.text()).toBe('// index-Ab3_dE9z.js')
    expect(answer.headers.get('content-encoding')).toBe('br')
    expect(answer.headers.get('content-type')).toContain('javascript')
    expect(answer.headers.get('cache-control')).toContain('immutable')
    const kept = await fetch(`${url}/assets/scheme.js`, { headers: { 'accept-encoding': 'identity' } })
    expect(kept.headers.get('content-encoding')).toBe(null)
    expect(kept.headers.get('cache-control')).toBe('no-cache')
  })

  test('that a new build took away are not found, and nothing breaks', async () => {
    for (const name of ['gone-Ab3_dE9z.js', 'gone-Ab3_dE9z.js.br']) rmSync(join(folder, 'assets', name))
    const answer = await fetch(`${url}/assets/gone-Ab3_dE9z.js`, { headers: { 'accept-encoding': 'br' } })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'not-found'])
    expect((await fetch(url)).status).toBe(200)
  })
})
