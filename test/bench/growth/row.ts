import { type Cost, median } from './cost.ts'

/** A case beside the small one that was measured in the same minutes. */
export interface Row {
  readonly name: string
  readonly cpuMicrosPerCall: number
  readonly smallCpuMicrosPerCall: number
  /** Median of the ratios of the rounds. */
  readonly ratio: number
  /** Least and most of them: how far they can be believed. */
  readonly ratios: readonly [number, number]
  readonly callsPerSecond: number
  readonly redisCommandsPerCall?: number
  readonly rssMiB: number
}
/** One round: the case, and the small one at the same time or just before and after. */
export interface Round {
  readonly cost: Cost
  readonly small: number
}

export function rowOf(name: string, rounds: readonly Round[], redisCommandsPerCall?: number): Row {
  const ratios = rounds.map(({ cost, small }) => cost.cpuMicrosPerCall / small)
  const of = (field: keyof Cost) => median(rounds.map(({ cost }) => cost[field]))
  return {
    name,
    cpuMicrosPerCall: rounded(of('cpuMicrosPerCall'), 1),
    smallCpuMicrosPerCall: rounded(median(rounds.map(({ small }) => small)), 1),
    ratio: rounded(median(ratios), 3),
    ratios: [rounded(Math.min(...ratios), 2), rounded(Math.max(...ratios), 2)],
    callsPerSecond: Math.round(of('callsPerSecond')),
    ...(redisCommandsPerCall !== undefined && { redisCommandsPerCall: rounded(redisCommandsPerCall, 4) }),
    rssMiB: Math.round(of('rssMiB')),
  }
}

export const rounded = (value: number, digits: number) => Number(value.toFixed(digits))

const nameWidth = 44

export function rowHeader(): string {
  const titles = ['CPU µs/call', 'small', 'ratio', 'rounds', 'calls/s', 'Redis/call', 'MiB']
  return ' '.repeat(nameWidth) + titles.map((title) => title.padStart(12)).join('')
}

export function rowLine(row: Row): string {
  const cells = [
    row.cpuMicrosPerCall,
    row.smallCpuMicrosPerCall,
    row.ratio,
    row.ratios.join('–'),
    row.callsPerSecond,
    row.redisCommandsPerCall ?? '',
    row.rssMiB,
  ]
  return row.name.padEnd(nameWidth) + cells.map((cell) => String(cell).padStart(12)).join('')
}
