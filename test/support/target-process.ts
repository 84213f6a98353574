import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './redis.ts'
import { until } from './until.ts'

/** A payment service in a process of its own, which may be killed and stopped. It answers every call with 200. */
export interface TargetProcess {
  readonly url: string
  /** `METHOD call` of all calls that reached it, over all its lives; `call` is what the header `x-call` said. */
  heard(): string[]
  /** SIGKILL. */
  kill(): Promise<void>
  /** Again, at the same address. */
  start(): Promise<void>
  /** SIGSTOP: the kernel still takes connections for it, and nothing is answered. */
  freeze(): void
  thaw(): void
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function startTarget(): Promise<TargetProcess> {
  const port = await freePort()
  let text = ''
  let child: ChildProcess
  const lines = () => text.split('\n').slice(0, -1)
  const target: TargetProcess = {
    url: `http://127.0.0.1:${port}`,
    heard: () => lines().filter((line) => line !== 'listens'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close') // with all that it said
      child.kill('SIGKILL')
      await closed
    },
    async start() {
      const before = lines().filter((line) => line === 'listens').length
      child = spawn(process.execPath, ['test/support/target.ts', String(port)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      running.add(child)
      child.once('exit', () => running.delete(child))
      child.stdout!.on('data', (chunk) => (text += chunk))
      await until(() => lines().filter((line) => line === 'listens').length > before, { timeoutMs: 20_000 })
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  }
  await target.start()
  return target
}
