import type { Http2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'

/**
 * Ends a stream whose message is not whole, by RST_STREAM. Not by `close` of the stream: that one says END_STREAM first,
 * and so makes a whole message of it.
 */
export function breakOff(stream: Http2Stream): void {
  if (!stream.destroyed) stream.destroy(new Error('broken off'))
}

/** The same for a call that nobody waits for any more: the service hears CANCEL, which node says where it was aborted. */
export function cancel(stream: Http2Stream): void {
  if (!stream.destroyed) addAbortSignal(AbortSignal.abort(), stream)
}
