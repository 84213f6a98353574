import { startExpressGateway } from './express-gateway.ts'
import { startOurs } from './ours.ts'
import { startExpressProxy, startHaproxy, startNginxProxy, startUpstream } from './peers.ts'
import type { Served } from './process.ts'
import type { Absent } from './report.ts'
import type { Load } from './wrk.ts'

/** What is called: the same for all. */
export interface Shape extends Pick<Load, 'method' | 'body'> {
  readonly name: string
  readonly path: string
}
export const small: readonly Shape[] = [
  { name: 'GET 100 B', method: 'GET', path: '/accounts/a1/balance' },
  {
    name: 'POST 43 B',
    method: 'POST',
    path: '/payment',
    body: '{"amount":100,"account_id":"acc_000000001"}',
  },
]
export const large: readonly Shape[] = [
  { name: 'GET 10 KiB', method: 'GET', path: '/large' },
  { name: 'POST 10 KiB', method: 'POST', path: '/payment', body: `{"text":"${'x'.repeat(10_240 - 11)}"}` },
]

export interface Contestant {
  readonly name: string
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid: number
  readonly redisCommands?: () => Promise<number>
}

export interface Contest {
  /** nginx, that all are compared with. */
  readonly nginx: Contestant
  readonly others: readonly Contestant[]
  readonly absent: readonly Absent[]
  end(): Promise<void>
}

/** Starts all peers, and ours in its variants, before one upstream. */
export async function startContest(): Promise<Contest> {
  const upstream = await startUpstream()
  const served: Served[] = [upstream]
  const peer = async (name: string, starting: Promise<Served>): Promise<Contestant> => {
    const { url, pid, stop } = await starting
    served.push({ url, pid, stop })
    return { name, base: url, headers: {}, pid }
  }
  const absent: Absent[] = []
  const nginx = await peer('nginx', startNginxProxy(upstream.url))
  const others = [
    await peer('HAProxy', startHaproxy(upstream.url)),
    await peer('express + http-proxy-middleware', startExpressProxy(upstream.url)),
  ]
  await peer('Express Gateway', startExpressGateway(upstream.url)).then(
    (one) => others.push(one),
    (error) => absent.push({ name: 'Express Gateway', absent: reasonOf(error) }),
  )
  const ours = await startOurs(upstream.url)
  served.push(ours.served)
  const { redisCommands } = ours
  for (const variant of ours.variants) others.push({ ...variant, pid: ours.served.pid, redisCommands })
  return {
    nginx,
    others,
    absent,
    async end() {
      await Promise.all(served.toReversed().map((one) => one.stop()))
    },
  }
}

/** A reason in one line, for a table. */
function reasonOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!
}
