import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { DemoFile } from '../../scripts/demo/print.ts'
import { root } from '../../scripts/setup.mjs'
import { until } from './until.ts'

/** `npm start` in a process group of its own, as a terminal would have it. */
export interface RunningDemo {
  readonly demo: DemoFile
  /** What it has printed so far. */
  output(): string
  /** Ports that it and its parts listen on. */
  ports(): number[]
  /** Its exit code, once it has ended by itself. */
  exited(): Promise<number | null>
  /** Sends a signal to the whole group, as Ctrl-C does. @returns the exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** @param env at least DATA_DIR. @throws Error with the output when it ends before it is ready */
export async function startDemo(env: NodeJS.ProcessEnv & { DATA_DIR: string }): Promise<RunningDemo> {
  const { child, output } = spawnStart(env)
  const exited = once(child, 'exit')
  const file = join(env.DATA_DIR, 'demo.json')
  await until(() => existsSync(file) || child.exitCode !== null, { timeoutMs: 90_000, everyMs: 50 })
  if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${output()}`)
  const demo = JSON.parse(readFileSync(file, 'utf8')) as DemoFile
  return {
    demo,
    output,
    ports: () => [
      ...[demo.gateway, demo.admin, demo.metrics].map((url) => Number(new URL(url).port)),
      ...(Object.values(JSON.parse(readFileSync(join(env.DATA_DIR, 'ports.json'), 'utf8'))) as number[]),
    ],
    async exited() {
      await exited
      return child.exitCode
    },
    async end(signal = 'SIGINT') {
      if (child.exitCode === null) process.kill(-child.pid!, signal)
      await exited
      return child.exitCode
    },
  }
}

/** Starts it and waits for its end. @returns the exit code and all that it printed */
export async function startDemoAndWait(
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnStart(env)
  await once(child, 'close')
  return { code: child.exitCode, output: output() }
}

function spawnStart(env: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], {
    cwd: root,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      text += bytes
    })
  return { child, output: () => text }
}

/** What a line prints when it is pasted into a shell. */
export async function paste(line: string): Promise<string> {
  const child = spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (bytes) => {
    text += bytes
  })
  await once(child, 'close')
  return text
}

/** Whether anybody listens on a port of loopback. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
