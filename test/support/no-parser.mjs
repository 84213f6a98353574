import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

// For `node --import`: a node whose own HTTP parser cannot be had. Says so, once in each thread that asks.
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'node:_http_common') {
      writeSync(2, 'no parser\n')
      throw new Error('no such module')
    }
    return nextResolve(specifier, context)
  },
})
