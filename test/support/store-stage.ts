import { expect } from '@jest/globals'
import { revokeCredential } from '../../registry/credentials.ts'
import type { PolicyConfigs } from '../../registry/model.ts'
import { type Echo, startEcho } from './echo.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { type Answer, callOnce, connections } from './load.ts'
import {
  addPartner,
  type Demo,
  type Platform,
  publishDemo,
  type Shop,
  startPlatform,
  tester,
} from './platform.ts'
import { until } from './until.ts'

/**
 * A platform for faults of Redis: a gateway with three APIs, of which one is free, one is limited and `allow`s calls
 * that cannot be counted, and one `refuse`s them.
 */
export interface StoreStage {
  readonly platform: Platform
  readonly gateway: GatewayProcess
  readonly apis: Readonly<Record<ApiName, Demo>>
  call(api: ApiName, caller: { key: string } | Record<string, string>, at?: GatewayProcess): Promise<Answer>
  /** 200, or the code of the problem. */
  ask(api: ApiName, caller: { key: string } | Record<string, string>, at?: GatewayProcess): Promise<unknown>
  /** Somebody who may call `plain`, and whom no gateway has seen. */
  stranger(name: string): Promise<Shop>
  /** Makes the callers of all APIs known to every thread. */
  introduce(): Promise<void>
  /** Everything that needs Redis works again, without a restart: changes, limits, strangers, revocations. */
  recovers(name: string): Promise<void>
  close(): Promise<void>
}

export type ApiName = 'plain' | 'allowing' | 'refusing'

/** @param envOf settings of the gateway, once Redis is there */
export async function startStoreStage(
  envOf: (platform: Platform) => Record<string, string> | Promise<Record<string, string>>,
): Promise<StoreStage> {
  const [platform, echo]: [Platform, Echo] = await Promise.all([startPlatform(), startEcho({ keeps: false })])
  const agent = connections(8)
  const api = (name: ApiName, policies: PolicyConfigs = {}) =>
    publishDemo(platform, { name, policies, targets: [{ url: echo.url }] })
  const limit = { limit: 1_000_000, windowSeconds: 60 }
  const apis = {
    plain: await api('plain'),
    allowing: await api('allowing', { 'rate-limit': { ...limit, whenStoreFails: 'allow' } }),
    refusing: await api('refusing', { 'rate-limit': { ...limit, whenStoreFails: 'refuse' } }),
  }
  const gateway = await platform.gateway({ LOG_ACCESS: 'off', ...(await envOf(platform)) })
  await gateway.serves(apis.refusing.snapshot)

  const stage: StoreStage = {
    platform,
    gateway,
    apis,
    call(name, caller, at = gateway) {
      const headers = 'key' in caller ? { 'x-api-key': caller.key! } : caller
      return callOnce(`${at.url}/${name}/v1/accounts/1/balance`, { headers, agent })
    },
    async ask(name, caller, at) {
      const { status, body } = await stage.call(name, caller, at)
      return status === 200 ? 200 : JSON.parse(body.toString()).code
    },
    stranger: (name) => addPartner(platform.registry, name, apis.plain.versionId),
    async introduce() {
      await until(async () => (await gateway.readiness()).redis === 'connected', { timeoutMs: 20_000 })
      // Each thread finds out for itself that Redis is back: all have when none of so many calls says otherwise.
      for (const [name, demo] of Object.entries(apis))
        await until(async () => {
          const calls = Array.from({ length: 16 }, () => stage.ask(name as ApiName, demo))
          return (await Promise.all(calls)).every((answer) => answer === 200)
        })
    },
    async recovers(name) {
      const soon = { timeoutMs: 20_000 }
      await until(async () => (await gateway.readiness()).redis === 'connected', soon)
      expect(await gateway.metrics()).toContain('gateway_redis_connected 1\n')
      await until(async () => /gateway_redis_writable 1\n/.test(await gateway.metrics()), soon)
      const newcomer = await until(() => stage.stranger(name), soon) // the test's own client has to come back, too
      await until(async () => (await stage.ask('plain', newcomer)) === 200, soon)
      await gateway.serves(await apis.plain.publish())
      const isCounted = async () =>
        (await stage.call('refusing', apis.refusing)).headers.ratelimit !== undefined
      await until(isCounted, soon)
      await revokeCredential(platform.registry, tester, newcomer.keyId)
      await until(async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, () => stage.call('plain', newcomer)))
        return answers.every(({ status }) => status === 401)
      })
    },
    async close() {
      agent.destroy()
      await platform.close()
      await echo.close()
    },
  }
  return stage
}
