import { writeSync } from 'node:fs'
import { createServer } from 'node:http'

/**
 * A payment service for target-process.ts. Says `METHOD call` for each call, unbuffered and before anything else: what
 * was heard counts, even if the process is killed in the next moment.
 */
const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  writeSync(1, `${req.method} ${req.headers['x-call'] ?? ''}\n`)
  req.resume().once('end', () => {
    res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success"}')
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => writeSync(1, 'listens\n'))
