import express from 'express'
import { problem } from '../registry/base/problem.ts'
import { parseJson } from './json.ts'

const maxJsonBytes = 1_048_576

type Request = express.Request
type Response = express.Response

const readJsonBytes = express.raw({ type: () => true, limit: maxJsonBytes, inflate: false })

/** Reads and parses a JSON body of at most 1 MiB. Called after the token was checked: strangers' bodies are not read. */
export async function readJson(req: Request, res: Response): Promise<unknown> {
  const [type = '', charset = ''] = mediaType(req)
  if (type !== '' && type !== 'application/json')
    throw problem('media-type-unsupported', { detail: 'Send the body as application/json.' })
  if (charset !== '' && charset !== 'utf-8')
    throw problem('media-type-unsupported', { detail: 'Send the body in UTF-8.' })
  await read(readJsonBytes, req, res)
  return parseJson(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0))
}

/** Reads a document as it is, whatever type it claims: what it is shows from its text. */
export async function readDocumentBytes(req: Request, res: Response, maxBytes: number): Promise<Buffer> {
  await read(express.raw({ type: () => true, limit: maxBytes, inflate: false }), req, res)
  if (!Buffer.isBuffer(req.body) || req.body.length === 0)
    throw problem('input-invalid', { detail: 'Send the OpenAPI document, JSON or YAML, as the body.' })
  return req.body
}

function read(parser: express.RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)))
  })
}

function mediaType(req: Request): [string, string] {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').toLowerCase().split(';')
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='))
  return [type.trim(), charset?.slice('charset='.length).replaceAll('"', '') ?? '']
}
