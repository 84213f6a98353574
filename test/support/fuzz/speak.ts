import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

const quietMs = 150
const longestMs = 20_000

export interface Spoken {
  /** latin1 */
  readonly text: string
  readonly ending: 'end' | 'reset' | 'never'
  /** Whether the filler was said. */
  readonly isFilled: boolean
}

/**
 * Says the pieces one by one on a connection of its own, and hears until the other side ends it.
 * @param filler said where it does not do so soon
 */
export async function speak(port: number, pieces: readonly string[], filler = ''): Promise<Spoken> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let text = ''
  const spoken = new Promise<Spoken>((resolve) => {
    let isFilled = false
    const timer = setTimeout(() => settle('never'), longestMs)
    const fill = setTimeout(() => {
      isFilled = filler !== ''
      socket.write(filler, 'latin1')
    }, quietMs)
    const settle = (ending: Spoken['ending']) => {
      clearTimeout(timer)
      clearTimeout(fill)
      resolve({ text, ending, isFilled })
      socket.destroy()
    }
    socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
    socket.on('end', () => settle('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Written to what was closed already: what came before that is still to be read.
      if (error.code !== 'EPIPE') settle('reset')
    })
    socket.on('close', () => settle('reset'))
  })
  for (const piece of pieces) {
    if (socket.destroyed) break
    socket.write(piece, 'latin1')
    await turn()
    await turn()
  }
  return spoken
}
