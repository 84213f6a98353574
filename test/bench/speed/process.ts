import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../support/until.ts'

/** A server under measurement, in processes of its own. */
export interface Served {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a program and waits until its port takes connections. Its log goes to a file, or to where it is told.
 *
 * @throws Error with what it wrote
 */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
  logFile = join(mkdtempSync(join(tmpdir(), 'bench-log-')), 'out.log'),
): Promise<Served> {
  const log = openSync(logFile, 'a')
  const child = spawn(command, [...args], {
    stdio: ['ignore', log, 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  })
  running.add(child)
  let complaint = ''
  child.stderr!.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000)
  })
  child.once('exit', () => running.delete(child))
  await until(() => isOpen(port), { timeoutMs: 15_000 }).catch((cause) => {
    child.kill('SIGKILL')
    throw new Error(`${command} did not start: ${complaint}`, { cause })
  })
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Processor time of a process and its children so far, in µs. The kernel counts in ticks of 10 ms. */
export function cpuMicros(pid: number): number {
  let ticks = 0
  for (const id of [pid, ...childrenOf(pid)]) {
    // The command, in parentheses, may hold spaces.
    const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]!.split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10_000
}

/** Memory in use by a process and its children, in MiB. */
export function rssMiB(pid: number): number {
  let kib = 0
  for (const id of [pid, ...childrenOf(pid)]) {
    kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0)
  }
  return Math.round(kib / 102.4) / 10
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
}
