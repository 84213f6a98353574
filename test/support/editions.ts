import { updateVersion } from '../../registry/apis.ts'
import { VersionInput } from '../../registry/model.ts'
import { startEcho } from './echo.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { callOnce, connections } from './load.ts'
import { type Demo, type Platform, publishDemo, startPlatform, tester } from './platform.ts'
import { until } from './until.ts'

/** A gateway and an API of which the service can tell what was published last: by the path under which it is called. */
export interface Editions {
  readonly platform: Platform
  readonly gateway: GatewayProcess
  readonly demo: Demo
  /** Stops the gateway and starts one with its files. @returns its exit code */
  restart(): Promise<number | null>
  call(): ReturnType<typeof callOnce>
  /** What the service sees, on connections to all threads; or the status that is none of its answers. */
  pathsSeen(): Promise<Set<string>>
  versionInput(changes: Partial<VersionInput>): VersionInput
  /** Publishes the API so that the service sees its calls under `/edition-<n>`. @returns the number of the snapshot */
  publish(n: number): Promise<number>
  /** Waits until every thread serves that snapshot, for a second at most. */
  servesSoon(snapshot: number): Promise<unknown>
  close(): Promise<void>
}

export async function startEditions(options?: Parameters<typeof startPlatform>[0]): Promise<Editions> {
  const [platform, echo] = await Promise.all([startPlatform(options), startEcho({ keeps: false })])
  const demo = await publishDemo(platform, { targets: [{ url: echo.url }] })
  let gateway = await platform.gateway({ LOG_ACCESS: 'off' })
  await gateway.serves(demo.snapshot)
  const agent = connections(12)
  const call = () =>
    callOnce(`${gateway.url}/payments/v1/accounts/1/balance`, { headers: { 'x-api-key': demo.key }, agent })
  const versionInput = (changes: Partial<VersionInput>) =>
    VersionInput.parse({
      name: 'v1',
      routing: { by: 'path', basePath: '/payments/v1' },
      upstreams: { live: demo.upstreamId },
      ...changes,
    })
  return {
    platform,
    get gateway() {
      return gateway
    },
    async restart() {
      const code = await gateway.stop()
      gateway = await platform.gateway({ LOG_ACCESS: 'off', DATA_DIR: gateway.dataDir })
      return code
    },
    demo,
    call,
    async pathsSeen() {
      const answers = await Promise.all(Array.from({ length: 12 }, call))
      return new Set(
        answers.map(({ status, body }) =>
          status === 200 ? JSON.parse(body.toString()).url : String(status),
        ),
      )
    },
    versionInput,
    async publish(n) {
      const version = versionInput({ upstreamPath: `/edition-${n}` })
      await updateVersion(platform.registry, tester, demo.versionId, version)
      return demo.publish()
    },
    servesSoon: (snapshot) =>
      until(async () => (await gateway.readiness()).threads.every((served) => served === snapshot), {
        timeoutMs: 1_000,
      }),
    async close() {
      agent.destroy()
      await platform.close()
      await echo.close()
    },
  }
}
