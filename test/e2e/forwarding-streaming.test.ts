import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Stage, type StagedApi, startStage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { openCall, startService } from '../support/wire.ts'

const MiB = 1_048_576
const sizeBytes = 256 * MiB
const growthBytes = 100 * MiB
const block = Buffer.alloc(64 * 1024, 'payment')

let stage: Stage
let api: StagedApi
/** Bytes that the service read and wrote so far. */
const moved = { read: 0, written: 0 }
/** Stops the service's reading until it is called. */
let letRead: (() => void) | undefined
let holdsBack = false

beforeAll(async () => {
  stage = await startStage({ GATEWAY_THREADS: '1' })
  const service = stage.keep(
    await startService(async (req, res) => {
      if (req.method === 'GET') return void write(res, sizeBytes, (bytes) => (moved.written += bytes))
      if (holdsBack) await new Promise<void>((resolve) => (letRead = resolve))
      for await (const chunk of req) moved.read += (chunk as Buffer).length
      res.end(String(moved.read))
    }),
  )
  api = await stage.api('files', {
    targets: [{ url: service.url }],
    policies: { 'body-limit': { maxBytes: 2 * sizeBytes } },
  })
}, 60_000)
afterAll(() => stage?.close())

/** Writes so many bytes, as fast as they are taken. */
async function write(
  stream: NodeJS.WritableStream,
  bytes: number,
  onWritten: (bytes: number) => void = () => {},
) {
  for (let left = bytes; left > 0; left -= block.length) {
    const isRoom = stream.write(block)
    onWritten(block.length)
    if (!isRoom) await once(stream, 'drain')
  }
  stream.end()
}

const headers = () => ({ 'x-api-key': api.key })
const memory = () => stage.metric('process_resident_memory_bytes')
/** Watches the gateway's memory while work goes on. @returns by how much it grew at most */
async function growthDuring(work: Promise<unknown>): Promise<number> {
  const before = await memory()
  let most = before
  let isDone = false
  const watched = until(
    async () => {
      most = Math.max(most, await memory())
      return isDone
    },
    { timeoutMs: 100_000, everyMs: 50 },
  )
  await work.finally(() => (isDone = true))
  await watched
  return most - before
}

async function upload(framing: Record<string, string | number>) {
  moved.read = 0
  const req = openCall(`${api.url}/files`, { method: 'PUT', headers: { ...headers(), ...framing } })
  const answered = once(req, 'response')
  await write(req, sizeBytes)
  const [res] = (await answered) as [IncomingMessage]
  const [text] = await once(res, 'data')
  expect([res.statusCode, String(text)]).toEqual([200, String(sizeBytes)])
}

async function download() {
  const req = openCall(`${api.url}/files`, { headers: headers() })
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let bytes = 0
  for await (const chunk of res) bytes += (chunk as Buffer).length
  expect(bytes).toBe(sizeBytes)
}

test.each([
  ['with a stated length', { 'content-length': sizeBytes }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])(
  'a large upload %s passes in bounded memory',
  async (_, framing) => {
    expect(await growthDuring(upload(framing))).toBeLessThan(growthBytes)
  },
  100_000,
)

test('a large download passes in bounded memory', async () => {
  expect(await growthDuring(download())).toBeLessThan(growthBytes)
}, 100_000)

/** Waits until a count stands still. @returns where */
async function settled(count: () => number): Promise<number> {
  let last = -1
  await until(
    () => {
      const isStill = count() === last && last > 0
      last = count()
      return isStill
    },
    { everyMs: 250, timeoutMs: 20_000 },
  )
  return last
}

test('a partner that reads slowly slows the service down', async () => {
  moved.written = 0
  const req = openCall(`${api.url}/files`, { headers: headers() })
  req.on('error', () => {}).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  res.pause().on('error', () => {})
  // What is on the way lies in the buffers of sockets, not in the gateway.
  const stoppedAt = await settled(() => moved.written)
  expect(stoppedAt).toBeLessThan(64 * MiB)
  res.resume()
  await until(() => moved.written > stoppedAt + 16 * MiB, { timeoutMs: 20_000 })
  req.destroy()
}, 60_000)

test('a service that reads slowly slows the partner down', async () => {
  moved.read = 0
  holdsBack = true
  const req = openCall(`${api.url}/files`, {
    method: 'PUT',
    headers: { ...headers(), 'content-length': sizeBytes },
  })
  let sent = 0
  const answered = once(req, 'response')
  const writing = write(req, sizeBytes, (bytes) => (sent += bytes))
  const stoppedAt = await settled(() => sent)
  expect(stoppedAt).toBeLessThan(64 * MiB)
  expect(moved.read).toBe(0)
  letRead!()
  await writing
  const [res] = (await answered) as [IncomingMessage]
  expect(res.statusCode).toBe(200)
  expect(moved.read).toBe(sizeBytes)
  res.resume()
}, 60_000)
