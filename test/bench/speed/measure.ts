import type { Contest, Contestant, Shape } from './contestants.ts'
import { cpuMicros, rssMiB } from './process.ts'
import type { Result } from './report.ts'
import { drive } from './wrk.ts'

export interface Run {
  readonly rounds: number
  readonly seconds: number
}
type Sample = Omit<Result, 'name' | 'load' | 'ratioToNginx'>
const fields = [
  'cpuMicrosPerRequest',
  'requestsPerSecond',
  'p50Ms',
  'p99Ms',
  'redisCommandsPerRequest',
  'rssMiB',
] as const satisfies readonly (keyof Sample)[]

/**
 * All contestants under one load. In every round one comes after the other, so that a slow moment of the machine falls
 * on all, with nginx at its start and at its end, and the mean of both: a machine that grows slower within a round would
 * otherwise be blamed on those who came last. The median of the rounds counts.
 */
export async function compare(
  { nginx, others }: Contest,
  shape: Shape,
  connections: number,
  { rounds, seconds }: Run,
): Promise<Result[]> {
  const samples = new Map<Contestant, Sample[]>([nginx, ...others].map((one) => [one, []]))
  const take = (one: Contestant) => measure(one, shape, connections, seconds)
  for (let round = 0; round < rounds; round++) {
    const atStart = await take(nginx)
    for (const one of others) samples.get(one)!.push(await take(one))
    samples.get(nginx)!.push(meanOf(atStart, await take(nginx)))
  }
  const load = `${shape.name}, ${connections} connections`
  const nginxCpu = median(samples.get(nginx)!, 'cpuMicrosPerRequest')
  return [...samples].map(([{ name }, all]) => summary(name, load, all, nginxCpu))
}

async function measure(
  one: Contestant,
  { path, method, body }: Shape,
  connections: number,
  seconds: number,
): Promise<Sample> {
  const commandsBefore = (await one.redisCommands?.()) ?? 0
  const before = cpuMicros(one.pid)
  const load = { url: one.base + path, method, headers: one.headers, body, connections, seconds }
  const { requests, ...taken } = await drive(load)
  const cpu = cpuMicros(one.pid) - before
  const commands = ((await one.redisCommands?.()) ?? 0) - commandsBefore
  return {
    ...taken,
    cpuMicrosPerRequest: cpu / requests,
    redisCommandsPerRequest: commands / requests,
    rssMiB: rssMiB(one.pid),
  }
}

function meanOf(a: Sample, b: Sample): Sample {
  return Object.fromEntries(fields.map((field) => [field, (a[field] + b[field]) / 2])) as unknown as Sample
}

function summary(name: string, load: string, samples: readonly Sample[], nginxCpu: number): Result {
  const cpu = median(samples, 'cpuMicrosPerRequest')
  return {
    name,
    load,
    cpuMicrosPerRequest: rounded(cpu, 1),
    ratioToNginx: rounded(cpu / nginxCpu, 2),
    requestsPerSecond: Math.round(median(samples, 'requestsPerSecond')),
    p50Ms: rounded(median(samples, 'p50Ms'), 2),
    p99Ms: rounded(median(samples, 'p99Ms'), 2),
    redisCommandsPerRequest: rounded(median(samples, 'redisCommandsPerRequest'), 4),
    rssMiB: rounded(median(samples, 'rssMiB'), 1),
  }
}

function median(samples: readonly Sample[], field: keyof Sample): number {
  const sorted = samples.map((s) => s[field]).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
