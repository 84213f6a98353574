import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { root, SetupFault } from '../setup.mjs'

export interface Processes {
  /** Starts a program whose output goes to `<logs>/<name>.log`. Ended in reverse order of start. */
  start(program: Program): void
  /** Rejects with a SetupFault when one of them ends although nobody asked for it. */
  readonly broken: Promise<never>
  /** Ends all of them, each by its pid, the last one started first, and returns when none is left. */
  stop(): Promise<void>
}

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** How long it may take to end after SIGTERM before it is killed. */
  readonly stopWithinMs?: number
}

interface Running {
  readonly child: ChildProcess
  readonly stopWithinMs: number
}

const keeper = join(root, 'scripts', 'demo', 'keep.sh')
// Whoever ends us may end them at the same time: they must not be taken for broken before we hear of it ourselves.
const graceMs = 200
const shownLines = 15

export function createProcesses(logs: string): Processes {
  const running: Running[] = []
  let isStopping = false
  let breakOff: (fault: SetupFault) => void
  const broken = new Promise<never>((_, reject) => {
    breakOff = reject
  })
  broken.catch(() => {}) // whoever waits for it hears of it; a fault while nobody does must not end us

  function start({ name, command, args, env, stopWithinMs = 5_000 }: Program): void {
    if (isStopping) throw new SetupFault(`${name} is not started: the demo is being stopped`)
    const logFile = join(logs, `${name}.log`)
    const output = openSync(logFile, 'w', 0o600)
    const child = spawn('sh', [keeper, command, ...args], {
      cwd: root,
      env,
      stdio: ['pipe', output, output],
      detached: true,
    })
    closeSync(output)
    running.push({ child, stopWithinMs })
    const ended = async (how: string) => {
      await wait(graceMs)
      if (!isStopping) breakOff(new SetupFault(`${name} ${how}.\n${lastLines(logFile)}`))
    }
    child.stdin?.once('error', () => {}) // nothing is ever written: it only tells that we live
    child.once('error', (error) => ended(`could not be started: ${error.message}`))
    child.once('exit', (code) => ended(`ended by itself with code ${code}`))
  }

  async function stop(): Promise<void> {
    isStopping = true
    for (const { child, stopWithinMs } of running.toReversed()) await end(child, stopWithinMs)
  }

  return { start, broken, stop }
}

async function end(child: ChildProcess, withinMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const limit = setTimeout(() => child.kill('SIGKILL'), withinMs)
  await exited
  clearTimeout(limit)
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-shownLines)
  return `The end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
