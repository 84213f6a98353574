import type { Express, RequestHandler } from 'express'
import swaggerUi from 'swagger-ui-express'
import { problem } from '../registry/base/problem.ts'
import type { PublishedApi, PublishedVersion, Snapshot } from '../registry/model.ts'
import { currentNumber, loadSnapshot } from '../registry/snapshot.ts'
import { documentReader, gatewayUrlOf, serverOf } from './docs-document.ts'
import { apisPage } from './docs-page.ts'
import type { Context } from './mount.ts'

/**
 * Swagger UI of the admin API at /docs/ and of every published API at /docs/apis/. No token is asked for: what is
 * published is written for partners to read, and the admin API's own description holds no data.
 */
export function mountDocs(app: Express, { registry, config }: Context): void {
  const gatewayUrl = gatewayUrlOf(config)
  const gatewayOrigin = new URL(gatewayUrl).origin
  const readPublished = documentReader(registry, gatewayUrl, config)
  app.get('/docs', (_req, res) => res.redirect(308, '/docs/'))
  app.get('/docs/apis', (_req, res) => res.redirect(308, '/docs/apis/'))
  app.get('/docs/apis/', async (_req, res) => {
    res.setHeader('Content-Security-Policy', contentPolicy([]))
    res.type('html').send(apisPage(await published()))
  })
  app.get('/docs/apis/:api/:version/openapi.json', async (req, res) => {
    const { version } = await find(req.params.api, req.params.version)
    res.type('json').send(await readPublished(version))
  })
  app.get('/docs/apis/:api/:version', (req, res) =>
    res.redirect(
      308,
      `/docs/apis/${encodeURIComponent(req.params.api)}/${encodeURIComponent(req.params.version)}/`,
    ),
  )
  app.use('/docs/apis/:api/:version', async (req, res, next) => {
    const { api, version } = await find(req.params.api, req.params.version)
    const serve = page({
      title: `${api.title} ${version.name}`,
      documentUrl: `/docs/apis/${api.name}/${version.name}/openapi.json`,
      callOrigins: [gatewayOrigin, new URL(serverOf(version, gatewayUrl)).origin],
      requestInterceptor: callHeader(version),
    })
    serve(req, res, next)
  })
  app.use('/docs', page({ title: 'Admin API', documentUrl: '/api/openapi.json', callOrigins: [] }))

  /** The snapshot read last: strangers may ask, and a snapshot never changes. */
  let held: Snapshot | undefined

  async function published(): Promise<readonly PublishedApi[]> {
    const number = await currentNumber(registry)
    if (held?.number !== number) held = await loadSnapshot(registry, number)
    return held?.apis ?? []
  }

  async function find(apiName: string, versionName: string) {
    const api = (await published()).find(({ name }) => name === apiName)
    const version = api?.versions.find(({ name }) => name === versionName)
    if (!api || !version)
      throw problem('not-found', {
        detail: 'There is no published API version of that name. See /docs/apis/.',
      })
    return { api, version }
  }
}

interface Page {
  readonly title: string
  readonly documentUrl: string
  /** Where “try it” may send calls, besides to us. */
  readonly callOrigins: readonly string[]
  readonly requestInterceptor?: unknown
}

/** Swagger UI of one document: its page, its start script with the document's address, and its files. */
function page({ title, documentUrl, callOrigins, requestInterceptor }: Page): RequestHandler {
  const swaggerOptions = { validatorUrl: null, requestInterceptor }
  // The document goes by its address: the package keeps what `setup` is given in one variable for all pages.
  const [init, files] = swaggerUi.serveFiles(undefined, { swaggerUrl: documentUrl, swaggerOptions })
  const html = swaggerUi.generateHTML(undefined, { customCss: '', customSiteTitle: escapeTitle(title) })
  return (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return void next()
    if (req.path !== '/')
      return void init!(req, res, (error) => (error ? next(error) : files!(req, res, next)))
    res.setHeader('Content-Security-Policy', contentPolicy(callOrigins))
    res.type('html').send(html)
  }
}

// `$` too: the package puts the title into its page by String.replace, which reads `$&` and the like as orders.
const escapeTitle = (title: string) => title.replace(/[&<>"'$]/g, (c) => `&#${c.charCodeAt(0)};`)

/**
 * A version that is named by a header needs it on each call. The package writes functions into its start script as
 * their source text, so the values must be part of that text.
 */
function callHeader({ routing }: PublishedVersion): unknown {
  if (routing.by !== 'header') return undefined
  const [name, value] = [routing.header, routing.value].map((t) =>
    JSON.stringify(t).replaceAll('$', '\\u0024'),
  )
  return new Function('request', `if (!request.loadSpec) request.headers[${name}] = ${value}; return request`)
}

/** What Swagger UI needs: its own files, styles that it writes into the page, and calls to the gateway. */
function contentPolicy(callOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...new Set(callOrigins)].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
