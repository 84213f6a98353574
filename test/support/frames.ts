import type { Duplex } from 'node:stream'
import { until } from './until.ts'

/** HTTP/2 frame by frame (RFC 9113 §4.1), for what a proper client or service would not say. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export const type = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
export const endStream = 1
export const endHeaders = 4
export const ack = 1

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(kind: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** A block of header lines as they are given: literals that are not indexed (RFC 7541 §6.2.2). */
export const block = (lines: readonly (readonly [string, string])[]) =>
  Buffer.concat(lines.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))

/** Shorter than 127 bytes each, or in a second byte and third. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  const size: number[] = []
  let rest = bytes.length
  if (rest < 127) size.push(rest)
  else {
    size.push(127)
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) size.push((rest % 128) + 128)
    size.push(rest)
  }
  return Buffer.concat([Buffer.from(size), bytes])
}

export const number32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export interface FrameWire {
  /** Those that came, in order. */
  readonly frames: readonly Frame[]
  say(...frames: Buffer[]): void
  /** The first frame of a kind, on a stream where one is named. */
  hears(kind: number, stream?: number): Promise<Frame>
  /** Error code of the GOAWAY that came. */
  goaway(): Promise<number>
  /** Error code with which a stream was reset. */
  reset(stream: number): Promise<number>
  isEnded(): boolean
  close(): void
}

/** @param hasPreface whether the other side begins with it, as a client does */
export function frameWire(socket: Duplex, hasPreface = false): FrameWire {
  let rest = Buffer.alloc(0)
  let skipped = hasPreface ? preface.length : 0
  let isEnded = false
  const frames: Frame[] = []
  socket.on('error', () => {})
  socket.on('close', () => (isEnded = true)).on('end', () => (isEnded = true))
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    if (rest.length < skipped) return
    rest = rest.subarray(skipped)
    skipped = 0
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const length = rest.readUIntBE(0, 3)
      frames.push({
        type: rest[3]!,
        flags: rest[4]!,
        stream: rest.readUInt32BE(5) & 0x7fffffff,
        payload: rest.subarray(9, 9 + length),
      })
      rest = rest.subarray(9 + length)
    }
  })
  const hears = (kind: number, stream?: number) =>
    until(() => frames.find((f) => f.type === kind && (stream === undefined || f.stream === stream)))
  return {
    frames,
    say: (...all) => void socket.write(Buffer.concat(all)),
    hears,
    async goaway() {
      return (await hears(type.goaway)).payload.readUInt32BE(4)
    },
    async reset(stream) {
      return (await hears(type.reset, stream)).payload.readUInt32BE(0)
    },
    isEnded: () => isEnded,
    close: () => void socket.destroy(),
  }
}
