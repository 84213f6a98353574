import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, ConfigError, loadConfig } from '../../registry/base/config.ts'
import { SetupFault } from '../setup.mjs'
import { writePrivateJson } from './files.ts'

export interface DemoSettings {
  readonly dataDir: string
  /** Environment of all child processes, without REDIS_URL until Redis runs. */
  readonly env: NodeJS.ProcessEnv
  readonly config: Config
}

/**
 * Creates the data folder and, the first time, the platform's secrets in it; then reads all settings, so that a
 * wrong one is told before anything is started.
 * @throws SetupFault naming every fault
 */
export function prepareSettings(given: NodeJS.ProcessEnv): DemoSettings {
  const dataDir = resolve(given.DATA_DIR || '.data')
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 })
  const env: NodeJS.ProcessEnv = { ...given, DATA_DIR: dataDir }
  if (!given.SECRETS_FILE && !given.SECRETS_HASH_KEY) env.SECRETS_FILE = secretsFile(dataDir)
  // People who can sign in, unless it was said who knows them.
  if (!given.GATEWAY_SUBJECT_SOURCE && !given.GATEWAY_PURPOSE)
    Object.assign(env, {
      GATEWAY_SUBJECT_SOURCE: 'demo',
      GATEWAY_PURPOSE: 'sandbox',
      GATEWAY_SIGN_IN_TITLE: given.GATEWAY_SIGN_IN_TITLE || 'Demo Bank',
    })
  try {
    return { dataDir, env, config: loadConfig(env) }
  } catch (error) {
    if (error instanceof ConfigError) throw new SetupFault(`The settings are not valid:\n${error.message}`)
    throw error
  }
}

/** Kept from start to start: with another hash key no stored key or token would be known again. */
function secretsFile(dataDir: string): string {
  const path = join(dataDir, 'secrets.json')
  if (!existsSync(path))
    writePrivateJson(path, {
      hashKey: randomBytes(32).toString('base64'),
      sealKeys: [{ id: 'k1', key: randomBytes(32).toString('base64') }],
    })
  return path
}
