import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

/** A real gateway in a process of its own. */
export interface GatewayProcess {
  /** `http://127.0.0.1:…` for partners. */
  readonly url: string
  readonly port: number
  /** 0 without TLS. */
  readonly tlsPort: number
  readonly privateUrl: string
  readonly pid: number
  readonly dataDir: string
  /** All that it has written so far. */
  output(): string
  readiness(): Promise<{
    isReady: boolean
    snapshot: number
    redis: string
    redisFault: string
    snapshotFileFault: string
    snapshotAgeSeconds: number | null
    snapshotFrom: string
    threads: number[]
    lastError: string
  }>
  metrics(): Promise<string>
  /** Waits until every thread serves at least this snapshot. */
  serves(snapshot: number): Promise<void>
  /** SIGTERM; @returns the exit code */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** @param env settings beside those for a test: random ports, two threads, quick drain */
export async function startGateway(env: Record<string, string>): Promise<GatewayProcess> {
  const dataDir = env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'gateway-')))
  const child = spawn(process.execPath, ['gateway/main.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: '0',
      GATEWAY_METRICS_PORT: '0',
      GATEWAY_THREADS: '2',
      GATEWAY_DRAIN_DELAY_MS: '0',
      GATEWAY_DRAIN_TIMEOUT_MS: '5000',
      DATA_DIR: dataDir,
      ...env,
    },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))

  const isEnded = () => child.exitCode !== null || child.signalCode !== null
  const started = await until(
    () => {
      const line = output.split('\n').find((text) => text.includes('"the gateway listens"'))
      return line ?? (isEnded() ? 'ended' : undefined)
    },
    { timeoutMs: 40_000 },
  ).catch(() => 'ended')
  if (started === 'ended') {
    child.kill('SIGKILL')
    throw new Error(`the gateway did not start:\n${output}`)
  }
  const ports = JSON.parse(started) as { port: number; tlsPort?: number; privatePort: number }
  const privateUrl = `http://127.0.0.1:${ports.privatePort}`
  const readiness = async () =>
    (await fetch(`${privateUrl}/readyz`)).json() as ReturnType<GatewayProcess['readiness']>
  const ended = async (signal: NodeJS.Signals) => {
    if (isEnded()) return child.exitCode
    const exit = once(child, 'exit')
    child.kill(signal)
    return (await exit)[0] as number | null
  }
  return {
    url: `http://127.0.0.1:${ports.port}`,
    port: ports.port,
    tlsPort: ports.tlsPort ?? 0,
    privateUrl,
    pid: child.pid!,
    dataDir,
    output: () => output,
    readiness,
    metrics: async () => (await fetch(`${privateUrl}/metrics`)).text(),
    serves: async (snapshot) => {
      const isServed = async () => (await readiness()).threads.every((number) => number >= snapshot)
      await until(isServed, { timeoutMs: 20_000 }) // a thread may have to be started first
    },
    stop: () => ended('SIGTERM'),
    kill: async () => void (await ended('SIGKILL')),
  }
}
