import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Answer, callOnce } from './load.ts'
import { until } from './until.ts'

/** A real admin service in a process of its own. */
export interface AdminProcess {
  readonly url: string
  /** All that it has written so far. */
  output(): string
  kill(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** @param env settings beside those for a test, of which a random port is one */
export async function startAdmin(env: Record<string, string>): Promise<AdminProcess> {
  const child = spawn(process.execPath, ['admin/main.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ADMIN_HOST: '127.0.0.1', ADMIN_PORT: '0', ...env },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const port = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`admin ended with ${child.exitCode}:\n${output}`)
      const line = output.split('\n').find((text) => text.includes('"admin listens"'))
      return line === undefined ? undefined : (JSON.parse(line).address.port as number)
    },
    { timeoutMs: 40_000 },
  )
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** What a test reads of an answer to a write. */
export interface Made {
  readonly id: string
  readonly number: number
  readonly secret: string
  readonly credential: { readonly id: string }
  readonly token: { readonly id: string }
}

/** One request to the admin API; bodies go as JSON, documents as they are. @throws Error when the connection breaks */
export async function callAdmin(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer & { json: Made }> {
  const isDocument = Buffer.isBuffer(body)
  const answer = await callOnce(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'if-match': '*',
      ...(body !== undefined && { 'content-type': isDocument ? 'application/yaml' : 'application/json' }),
    },
    body: body === undefined || isDocument ? (body as Buffer | undefined) : JSON.stringify(body),
  })
  const text = answer.body.toString()
  return { ...answer, json: text === '' ? undefined : JSON.parse(text) }
}
