import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from '../growth/cost.ts'
import { rounded } from '../growth/row.ts'
import { cpuMicros } from '../speed/process.ts'
import { drive, type Turns } from '../speed/wrk.ts'
import type { OAuthStage } from './stage.ts'

export interface Run {
  readonly rounds: number
  readonly seconds: number
  readonly warmSeconds: number
}

export interface TokenCost {
  readonly name: string
  readonly cpuMicrosPerToken: number
  readonly tokensPerSecondAndCore: number
  readonly redisCommandsPerToken: number
}

/** Ours, then oidc-provider: medians of rounds in which one comes after the other. */
export async function compareTokens(stage: OAuthStage, run: Run): Promise<TokenCost[]> {
  const contestants = [
    { name: 'ours', pid: stage.gateway.pid, url: `${stage.gateway.url}/oauth2/token`, basics: stage.ours },
    {
      name: 'oidc-provider',
      pid: stage.reference.pid,
      url: `${stage.reference.url}/token`,
      basics: stage.theirs,
    },
  ].map((one) => ({ ...one, file: fileOf(one.url, one.basics), taken: [] as Taken[] }))

  const ask = (one: (typeof contestants)[number], seconds: number) => {
    const turns: Turns = { file: one.file, from: 0, header: 'authorization' }
    const form = { body: 'grant_type=client_credentials', contentType: 'application/x-www-form-urlencoded' }
    return drive({ url: one.url, method: 'POST', headers: {}, ...form, connections: 16, seconds, turns })
  }
  const commands = async () =>
    Number(/total_commands_processed:(\d+)/.exec(await stage.platform.registry.redis.info('stats'))![1])

  for (const one of contestants) await ask(one, run.warmSeconds)
  for (let round = 0; round < run.rounds; round++)
    for (const one of contestants) {
      const [commandsBefore, before] = [await commands(), cpuMicros(one.pid)]
      const { requests } = await ask(one, run.seconds)
      const cpu = cpuMicros(one.pid) - before
      const commandsAfter = await commands()
      one.taken.push({ cpu: cpu / requests, commands: (commandsAfter - commandsBefore) / requests })
    }
  return contestants.map(({ name, taken }) => {
    const cpu = median(taken.map((one) => one.cpu))
    return {
      name,
      cpuMicrosPerToken: rounded(cpu, 1),
      tokensPerSecondAndCore: Math.round(1e6 / cpu),
      redisCommandsPerToken: rounded(median(taken.map((one) => one.commands)), 1),
    }
  })
}

interface Taken {
  readonly cpu: number
  readonly commands: number
}

function fileOf(url: string, basics: readonly string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'bench-oauth-')), 'clients')
  const { pathname } = new URL(url)
  writeFileSync(file, `${basics.map((basic) => `${pathname}\t${basic}`).join('\n')}\n`)
  return file
}
