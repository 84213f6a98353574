import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Express, RequestHandler } from 'express'
import helmet from 'helmet'
import sirv from 'sirv'
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
  // Names hold a hash of what is inside, so a file never changes; the three that keep their names are asked for again.
  const files = sirv(join(folder, 'assets'), { brotli: true, gzip: true, etag: true, setHeaders: cacheRule })
  app.use('/assets', clearHeaders, files)
  app.get(pages, policy, (_req, res) => {
    res.type('html').send(template.replaceAll('%NONCE%', res.locals.nonce))
  })
}

const cacheRule: NonNullable<NonNullable<Parameters<typeof sirv>[1]>['setHeaders']> = (res, path) => {
  const isHashed = /-[\w-]{8}\.\w+$/.test(path)
  res.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
}

const clearHeaders: RequestHandler = (_req, res, next) => {
  res.removeHeader('Content-Security-Policy')
  next()
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
