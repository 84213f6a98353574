import type { Result } from './report.ts'

/** What a call may cost, as the issue of this platform asks. */
export interface Bar {
  readonly name: string
  /** The worst of those that the bar is about; undefined when they were not measured. */
  readonly measured: number | undefined
  readonly isMet: boolean | undefined
}

const everything = (result: Result) => result.name.startsWith('ours, everything')

/** One row for each bar and load that it is about. */
export function barsOf(results: readonly Result[]): Bar[] {
  const loads = [...Map.groupBy(results, ({ load }) => load)]
  return loads.flatMap(([load, rows]) => {
    const ours = rows.filter(everything)
    const most = (field: 'ratioToNginx' | 'cpuMicrosPerRequest' | 'redisCommandsPerRequest') =>
      Math.max(...ours.map((row) => row[field]))
    const timesOurs = (peer: string) => {
      const cost = rows.find(({ name }) => name === peer)?.cpuMicrosPerRequest
      return cost && Math.round((cost / most('cpuMicrosPerRequest')) * 100) / 100
    }
    const toNginx = load.startsWith('GET 100 B') ? 4 : load.startsWith('POST 43 B') ? 4.5 : undefined
    return [
      ...(toNginx ? [atMost(`everything on, times nginx, ${load}`, most('ratioToNginx'), toNginx)] : []),
      atLeast(
        `Express Gateway plain, times ours with everything on, ${load}`,
        timesOurs('Express Gateway'),
        6,
      ),
      atLeast(
        `express + http-proxy-middleware, times ours with everything on, ${load}`,
        timesOurs('express + http-proxy-middleware'),
        3,
      ),
      atMost(`Redis commands a call, ${load}`, most('redisCommandsPerRequest'), 0.02),
    ]
  })
}

export function atMost(name: string, measured: number | undefined, bar: number): Bar {
  return {
    name: `${name}: at most ${bar}`,
    measured,
    isMet: measured === undefined ? undefined : measured <= bar,
  }
}

export function atLeast(name: string, measured: number | undefined, bar: number): Bar {
  return {
    name: `${name}: at least ${bar}`,
    measured,
    isMet: measured === undefined ? undefined : measured >= bar,
  }
}

export function barLine({ name, measured, isMet }: Bar): string {
  const verdict = isMet === undefined ? 'not measured' : isMet ? 'met' : 'NOT MET'
  return `${name.padEnd(104)} ${String(measured ?? '–').padStart(8)}   ${verdict}`
}
