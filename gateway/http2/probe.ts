import { openSession } from './session.ts'

/**
 * Asks a target for a path, on a connection of its own.
 *
 * @param done called once, with the status, or nothing where no answer came
 * @returns gives it up
 */
export function askOverHttp2(
  {
    url,
    path,
    caCertificate,
    withinMs,
  }: {
    readonly url: string
    readonly path: string
    readonly caCertificate: string | undefined
    readonly withinMs: number
  },
  done: (status: number | undefined) => void,
): () => void {
  let end = () => {}
  const stop = openSession({ url, caCertificate, connectTimeoutMs: withinMs }, (error, session) => {
    if (!session) {
      if (error) done(undefined)
      return
    }
    const { http2 } = session
    end = () => http2.destroy()
    http2.on('error', () => {})
    http2.once('close', () => done(undefined))
    const { host } = new URL(url)
    const stream = http2.request(
      {
        ':path': path,
        ':authority': host,
        'user-agent': 'gateway-health-check',
        accept: '*/*',
      },
      { endStream: true },
    )
    stream.on('error', () => {})
    stream.once('response', (headers) => done(headers[':status']))
  })
  end = () => stop(new Error('given up'))
  return () => end()
}
