import type { GatewayProcess } from './gateway-process.ts'
import { type Demo, type DemoOptions, type Platform, publishDemo, startPlatform } from './platform.ts'

/** A platform with one gateway, on which a test file puts APIs under names of their own. */
export interface Stage {
  readonly platform: Platform
  readonly gateway: GatewayProcess
  /** Publishes an API and waits until the gateway serves it. */
  api(name: string, options: Omit<DemoOptions, 'name'>): Promise<StagedApi>
  /** Sum of a metric over all its labels. */
  metric(name: string): Promise<number>
  /** To be closed with the stage. */
  keep<T extends { close(): unknown }>(thing: T): T
  close(): Promise<void>
}

export interface StagedApi extends Demo {
  /** `http://127.0.0.1:…/<name>/v1` */
  readonly url: string
  /** The API's path on the gateway, for bare sockets. */
  readonly path: string
  /** The head of a call on a bare socket: request line, Host and key. */
  head(method: string, path: string, ...lines: string[]): string
}

export async function startStage(env: Record<string, string> = {}): Promise<Stage> {
  const platform = await startPlatform()
  const gateway = await platform.gateway(env)
  const kept: { close(): unknown }[] = []
  return {
    platform,
    gateway,
    async api(name, options) {
      const demo = await publishDemo(platform, { ...options, name })
      await gateway.serves(demo.snapshot)
      const path = `/${name}/v1`
      const head = (method: string, rest: string, ...lines: string[]) =>
        [
          `${method} ${path}${rest} HTTP/1.1`,
          'Host: gateway.test',
          `x-api-key: ${demo.key}`,
          ...lines,
          '',
          '',
        ].join('\r\n')
      return { ...demo, url: gateway.url + path, path, head }
    },
    async metric(name) {
      const lines = (await gateway.metrics()).split('\n')
      const own = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
    },
    keep(thing) {
      kept.push(thing)
      return thing
    },
    async close() {
      await platform.close()
      await Promise.all(kept.map((thing) => thing.close()))
    },
  }
}
