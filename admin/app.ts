import express, { type Express } from 'express'
import { openAccounts } from './accounts/auth.ts'
import { mountConsole } from './console.ts'
import { mountDocs } from './docs.ts'
import { renderProblems, unknownAddress } from './errors.ts'
import { countRequests, createMetrics } from './metrics.ts'
import { type Context, mountRoutes } from './mount.ts'
import { logRequests, openRequest } from './requests.ts'
import { allRoutes } from './routes.ts'

/** The admin service as an express app; it opens nothing and listens nowhere by itself. */
export function createAdminApp(given: Omit<Context, 'accounts'>): Express {
  const context = { ...given, accounts: openAccounts(given.registry, given.config, given.log) }
  const app = express()
  const metrics = createMetrics()
  app.disable('x-powered-by')
  app.set('trust proxy', context.config.ADMIN_TRUSTED_PROXIES)
  app.disable('etag') // ETags are those of the registry, or none: a hash of the body would not fit If-Match.
  app.enable('case sensitive routing')
  app.enable('strict routing')
  app.use(openRequest, countRequests(metrics))
  if (context.config.LOG_ACCESS === 'on') app.use(logRequests(context.log))
  mountRoutes(app, allRoutes(metrics), context)
  mountDocs(app, context)
  mountConsole(app, context)
  app.use(unknownAddress)
  app.use(renderProblems(context.log))
  return app
}
