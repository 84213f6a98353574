import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { place, readIntoPlace } from '../../../../gateway/http1/read-place.ts'
import { until } from '../../../support/until.ts'

const kept: { destroy(): unknown }[] = []
afterEach(() => {
  for (const socket of kept.splice(0)) socket.destroy()
})

/** The two ends of a connection. */
async function connection(): Promise<{ theirs: Socket; ours: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0)
  const accepted = once(server, 'connection')
  const theirs = connect((server.address() as AddressInfo).port)
  const [ours] = (await accepted) as [Socket]
  kept.push(theirs, ours)
  server.close()
  return { theirs, ours }
}

describe('an accepted connection', () => {
  test('reads into the place that all share, and nowhere else', async () => {
    const { theirs, ours } = await connection()
    const places = new Set<ArrayBufferLike>()
    let told = ''
    ours.on('data', () => {
      told += '(and again)'
    })
    readIntoPlace(ours, (bytes) => {
      places.add(bytes.buffer)
      told += bytes.toString()
    })
    theirs.write('one')
    await until(() => told === 'one')
    theirs.write('two')
    await until(() => told === 'onetwo')
    expect([...places]).toEqual([place.buffer])
  })

  test('is read as any other afterwards, with bytes of its own', async () => {
    const { theirs, ours } = await connection()
    readIntoPlace(ours, () => {})()
    const chunks: Buffer[] = []
    ours.on('data', (chunk: Buffer) => chunks.push(chunk))
    theirs.write('one')
    await until(() => chunks.length === 1)
    theirs.write('two')
    await until(() => chunks.length === 2)
    expect(chunks.map(String)).toEqual(['one', 'two'])
  })

  test('takes no more than it has room for afterwards, and loses nothing', async () => {
    const { theirs, ours } = await connection()
    readIntoPlace(ours, () => {})()
    ours.pause()
    const sent = 4_000_000
    theirs.write(Buffer.alloc(sent))
    await until(() => ours.readableLength >= ours.readableHighWaterMark)
    expect(ours.readableLength).toBeLessThan(sent / 4)
    let heard = 0
    ours.on('data', (chunk) => {
      heard += chunk.length
    })
    ours.resume()
    await until(() => heard === sent)
  })

  test('sees its end afterwards while it is paused, so that what was piped from it can close', async () => {
    const { theirs, ours } = await connection()
    readIntoPlace(ours, () => {})()
    ours.resume()
    ours.pause()
    theirs.resetAndDestroy()
    await once(ours, 'close').catch(() => {})
    expect(ours.destroyed).toBe(true)
  })
})
