import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { createMetrics } from '../admin/metrics.ts'
import { allRoutes } from '../admin/routes.ts'

/** `npm run ui:types`: makes the console's types from the admin API's own OpenAPI document. They are kept nowhere else. */

// The generator builds TypeScript's syntax tree, for which version 7 has no interface yet: it gets version 5.
registerHooks({
  resolve: (name, context, next) => next(name === 'typescript' ? 'typescript-5' : name, context),
})
const { default: openapi, astToString } = await import('openapi-typescript')

const file = join(import.meta.dirname, '..', 'admin', 'ui', 'api', 'admin-api.d.ts')
const document = await describedBy()
writeFileSync(file, astToString(await openapi(document)))

async function describedBy() {
  const row = allRoutes(createMetrics()).find((one) => one.id === 'getOpenApi')
  const answer = await row!.handle({} as never)
  return JSON.parse(String(answer.raw!.bytes))
}
