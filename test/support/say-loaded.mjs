import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

// For `node --import`: writes a line for each module of the OpenTelemetry SDK that is loaded, in worker threads, too.
// Its API, which prom-client loads, is a few empty functions.
registerHooks({
  load(url, context, nextLoad) {
    if (/\/node_modules\/@opentelemetry\/(?!api\/)/.test(url)) writeSync(2, `loaded ${url}\n`)
    return nextLoad(url, context)
  },
})
