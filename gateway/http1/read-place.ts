import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/**
 * All connections of a thread without TLS read into one place: what is in it is dealt with, or copied, before the next
 * read, which is never made from within a call. (One with TLS may tell more while something is written to it.)
 */
export const place = Buffer.allocUnsafeSlow(65_536)

type Accepted = Socket & {
  readonly _handle?: { useUserBuffer?(place: Uint8Array): void } | null
  [field: symbol]: unknown
}

const [placeField, callbackField] = findFields()

/**
 * Has an accepted connection read into that place. Node offers this as `onread` to those that are opened only; for the
 * others it allocates 64 KiB a read and gives most of it back, a twentieth of all that a call costs. What `onread` sets
 * is set here; with TLS, and in a version of node that names it otherwise, nothing is, and 'data' tells what comes.
 *
 * @param receive the bytes are its own until it returns
 * @returns ends it: from then on the socket tells what comes as any other does
 */
export function readIntoPlace(socket: Socket, receive: (bytes: Buffer) => void): () => void {
  const accepted = socket as Accepted
  const handle = accepted._handle
  const setPlace = handle?.useUserBuffer
  if (socket instanceof TLSSocket || !placeField || !callbackField || !setPlace) return () => {}
  accepted[placeField] = place
  accepted[callbackField] = (length: number) => receive(place.subarray(0, length))
  setPlace.call(handle, place)
  return () => {
    accepted[callbackField] = (length: number) => socket.push(Buffer.from(place.subarray(0, length)))
    // That of `onread` reads nothing meanwhile: not the end of the connection either.
    socket.pause = Duplex.prototype.pause as Socket['pause']
  }
}

function findFields(): (symbol | undefined)[] {
  const all = Object.getOwnPropertySymbols(new Socket())
  return ['kBuffer', 'kBufferCb'].map((name) => all.find(({ description }) => description === name))
}
