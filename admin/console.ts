import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Express, RequestHandler } from 'express'
import helmet from 'helmet'
import { problem } from '../registry/base/problem.ts'
import type { Context } from './mount.ts'

const builtFolder = join(import.meta.dirname, 'ui', 'dist')

/** Addresses of the app's pages. All else that the admin service does not know stays unknown. */
const pages = ['/', '/admin', '/admin/*rest', '/portal', '/portal/*rest', '/auth', '/auth/*rest']

/** The web console and the partner portal: one page, and its files, as `npm run ui:build` made them. */
export function mountConsole(app: Express, { log }: Context, folder = builtFolder): void {
  const page = join(folder, 'index.html')
  if (!existsSync(page)) {
    log.warn('the console is not built: `npm run ui:build` makes it')
    return
  }
  const template = readFileSync(page, 'utf8')
  app.use('/assets', serveFiles(join(folder, 'assets')))
  app.get(pages, policy, (_req, res) => {
    res.type('html').send(template.replaceAll('%NONCE%', res.locals.nonce))
  })
}

/**
 * The files of the build, compressed as they were by it. Names hold a hash of what is inside, so a file never changes; the
 * few that keep their names are asked for again. A build that took files away while we run is a 404.
 */
function serveFiles(folder: string): RequestHandler {
  const names = new Set(readdirSync(folder))
  return (req, res, next) => {
    const name = req.path.slice(1)
    if ((req.method !== 'GET' && req.method !== 'HEAD') || !names.has(name)) return next()
    const encoding = req.acceptsEncodings('br', 'gzip')
    const suffix = encoding === 'br' ? '.br' : encoding === 'gzip' ? '.gz' : ''
    const isCompressed = suffix !== '' && names.has(name + suffix)
    res.removeHeader('Content-Security-Policy')
    res.vary('Accept-Encoding')
    res.type(extname(name))
    const isHashed = /-[\w-]{8}\.\w+$/.test(name)
    res.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    if (isCompressed) res.setHeader('Content-Encoding', encoding as string)
    const done = (error?: Error) => {
      if (!error || res.headersSent) return
      res.removeHeader('Content-Encoding')
      res.setHeader('Cache-Control', 'no-store')
      next(problem('not-found', { cause: error }))
    }
    res.sendFile(isCompressed ? name + suffix : name, { root: folder, cacheControl: false }, done)
  }
}

/** A new nonce for each answer: with it Mantine may add its styles, and nobody else any. */
const policy: RequestHandler = (req, res, next) => {
  const nonce = randomBytes(16).toString('base64')
  res.locals.nonce = nonce
  secure(req, res, next)
}

const secure = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: [
        "'self'",
        (_req, res) => `'nonce-${(res as unknown as { locals: { nonce: string } }).locals.nonce}'`,
      ],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      formAction: ["'self'"],
    },
  },
  strictTransportSecurity: false, // where TLS ends, as it does in front of this service, that is to be said
  xFrameOptions: { action: 'deny' },
})
