import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HeaderList } from '../../policies/policy.ts'
import { asProblem } from '../../registry/base/problem.ts'
import { readBody } from '../body.ts'
import type { Pace } from '../pace.ts'
import { asIncoming, type Http2Request } from './request.ts'
import type { Http2Response } from './response.ts'

type App = (req: IncomingMessage, res: ServerResponse) => void

/** Forms are small; what is longer is refused by whoever reads them. */
const maxBytes = 1_048_576

/**
 * Serves a call over HTTP/2 by what knows HTTP/1.1 only, as express does: it takes node's own messages, so it gets such,
 * with the whole body in the one, and the other is sent when it is ended.
 *
 * @param pace the whole body is to be there within its longest silence
 */
export async function serveByApp(
  app: App,
  over: Http2Request,
  answer: Http2Response,
  pace: Pace,
): Promise<void> {
  if (answer.destroyed) return
  if (over.headers.expect !== undefined) answer.writeContinue()
  const late = setTimeout(() => answer.destroy(), pace.idleMs)
  answer.once('close', () => clearTimeout(late))
  try {
    const body = over.hasBody ? await readBody(asIncoming(over), undefined, { maxBytes, pace }) : undefined
    const req = messageOf(over, body)
    app(req, responseTo(req, answer))
  } catch (error) {
    if (answer.destroyed) return
    answer.writeHead(asProblem(error).row.status, [])
    answer.end()
  }
}

function messageOf(over: Http2Request, body: Buffer | undefined): IncomingMessage {
  const req = new IncomingMessage({ ...over.socket, readable: true } as unknown as Socket)
  req.method = over.method
  req.url = over.url
  req.httpVersion = '1.1' // as which it is served
  req.headers = { ...over.headers }
  req.rawHeaders = [...over.rawHeaders]
  if (body !== undefined) {
    if (req.headers['content-length'] === undefined)
      req.rawHeaders.push('content-length', String(body.length))
    req.headers['content-length'] = String(body.length)
    req.push(body)
  }
  req.complete = true
  req.push(null)
  return req
}

/** Its own methods, as express puts a prototype of its own under it. */
function responseTo(req: IncomingMessage, answer: Http2Response): ServerResponse {
  const res = new ServerResponse(req)
  answer.once('close', () => res.emit('close'))
  return Object.assign(res, {
    end(body?: Buffer | string) {
      if (answer.headersSent || answer.destroyed) return res
      const headers: HeaderList = []
      for (const [name, value] of Object.entries(res.getHeaders()))
        for (const one of Array.isArray(value) ? value : [value]) headers.push(name, String(one))
      answer.writeHead(res.statusCode, headers)
      answer.end(req.method === 'HEAD' ? undefined : body)
      return res
    },
  })
}
