import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getHeader } from '../../policies/header-list.ts'
import type { Operation } from '../../registry/model.ts'
import { currentNumber, loadSnapshot } from '../../registry/snapshot.ts'
import { type Echo, startEcho } from '../support/echo.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { callOnce, connections } from '../support/load.ts'
import { type Demo, type Platform, publishDemo, startPlatform } from '../support/platform.ts'

const folder = '../shared/specs'
const isThere = existsSync(folder)
const files = isThere ? readdirSync(folder).filter((name) => /\.(ya?ml|json)$/.test(name)) : []
const nameOf = (file: string) => file.toLowerCase().replace(/[^a-z0-9]+/g, '-')

let platform: Platform
let echo: Echo
let gateway: GatewayProcess
const demos = new Map<string, Demo>()
const operations = new Map<string, readonly Operation[]>()
const agent = connections(8)

beforeAll(async () => {
  if (!isThere) return
  ;[platform, echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
  for (const file of files) {
    const document = readFileSync(`${folder}/${file}`)
    demos.set(
      file,
      await publishDemo(platform, { name: nameOf(file), targets: [{ url: echo.url }], document }),
    )
  }
  const number = await currentNumber(platform.registry)
  const snapshot = await loadSnapshot(platform.registry, number)
  for (const file of files) {
    const api = snapshot!.apis.find(({ id }) => id === demos.get(file)!.apiId)
    operations.set(file, api!.versions[0]!.routes)
  }
  gateway = await platform.gateway()
  await gateway.serves(number)
}, 180_000)

afterAll(async () => {
  agent.destroy()
  await platform?.close()
  await echo?.close()
})

/** What stands for a path parameter: escapes that must stay, and characters that must not be escaped. */
const values = ['id_1', '%C3%A4%20b', 'a:b@c', "x!$&'()*+,;=~", '100%25']
/** Sent as they are: repeated names, brackets, escapes and a plus must reach the service as they came. */
const queries = ['', '?expand[]=a&expand[]=b', '?q=%2Fa%20b+c%26d&empty=', '?a=1&a=2&=&&b', '?']
const bodies = [
  { type: 'application/json', text: '{"amount":100,"note":"Zürich \\u20ac","list":[1,{"a":null}]}' },
  { type: 'application/x-www-form-urlencoded', text: 'amount=100&card[name]=A+B&metadata%5Bk%5D=%C3%A9' },
]
const takesBody = new Set(['POST', 'PUT', 'PATCH'])

async function reach(file: string, { method, path }: Operation, i: number): Promise<string | undefined> {
  const target =
    path.replace(/\{[^{}]+\}/g, () => values[i % values.length]!) + queries[(i >> 1) % queries.length]!
  const body = takesBody.has(method) ? bodies[i % bodies.length] : undefined
  const answer = await callOnce(`${gateway.url}/${nameOf(file)}/v1${target}`, {
    method,
    agent,
    headers: { 'x-api-key': demos.get(file)!.key, ...(body && { 'content-type': body.type }) },
    body: body?.text,
  })
  const seen = answer.status === 200 && method !== 'HEAD' ? JSON.parse(answer.body.toString()) : undefined
  const isIntact =
    seen?.method === method &&
    seen.url === target &&
    Buffer.from(seen.body, 'base64').toString() === (body?.text ?? '') &&
    getHeader(seen.headers, 'content-type') === body?.type
  return isIntact
    ? undefined
    : `${method} ${target}: ${answer.status} ${answer.body.toString().slice(0, 300)}`
}

const describeSpecs = isThere ? describe : describe.skip
describeSpecs(`real documents${isThere ? '' : ' (skipped: ../shared/specs is not here)'}`, () => {
  test.each(isThere ? files : ['a document'])(
    'every operation of %s is reached with method, path, query and body intact',
    async (file) => {
      const all = operations.get(file)!
      expect(all.length).toBeGreaterThan(0)
      const faults: string[] = []
      let next = 0
      const work = async () => {
        while (next < all.length) {
          const i = next++
          const fault = await reach(file, all[i]!, i)
          if (fault) faults.push(fault)
        }
      }
      await Promise.all(Array.from({ length: 8 }, work))
      expect(faults).toEqual([])
    },
    60_000,
  )

  test('they are 940 together', () => {
    expect(files.reduce((sum, file) => sum + operations.get(file)!.length, 0)).toBe(940)
  })
})
