import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ConfigError, loadConfig } from '../../../../registry/base/config.ts'
import { newId } from '../../../../registry/base/ids.ts'
import { createLog } from '../../../../registry/base/log.ts'
import { asProblem, problem, problemBody, problems } from '../../../../registry/base/problem.ts'

const key = Buffer.alloc(32, 7).toString('base64')

describe('ids', () => {
  test('of one process sort by the time they were made, even within a millisecond', () => {
    const ids = Array.from({ length: 2000 }, () => newId('api'))
    expect(ids).toEqual([...ids].sort())
    expect(new Set(ids).size).toBe(2000)
    expect(ids[0]).toMatch(/^api_[0-9a-hjkmnp-tv-z]{26}$/)
  })
})

describe('the settings', () => {
  test('have defaults for everything but the hash key', () => {
    const config = loadConfig({ SECRETS_HASH_KEY: key, SECRETS_SEAL_KEYS: `a:${key},b:${key}` })
    expect(config.GATEWAY_PORT).toBe(8000)
    expect(config.secrets.sealKeys.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(config.secrets.hashKey).toHaveLength(32)
  })

  test('tell all faults at once, and never a value that may be secret', () => {
    const faults = (env: NodeJS.ProcessEnv) => {
      try {
        loadConfig(env)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
        return (error as Error).message
      }
      return ''
    }
    const message = faults({
      GATEWAY_PROT: '1',
      GATEWAY_PORT: 'x',
      REDIS_TIMEOUT_MS: '1',
      SECRETS_HASH_KEY: 'c2hvcnQ=',
    })
    for (const name of ['GATEWAY_PROT', 'GATEWAY_PORT', 'REDIS_TIMEOUT_MS', 'SECRETS_HASH_KEY'])
      expect(message).toContain(name)
    expect(message).not.toContain('c2hvcnQ=')
    expect(faults({ SECRETS_HASH_KEY: key, SECRETS_SEAL_KEYS: key })).toContain('id:base64')
    expect(faults({ SECRETS_HASH_KEY: key, SECRETS_SEAL_KEYS: 'a:c2hvcnQ=' })).toContain('exactly 32')
  })

  test('take the secrets from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'test-config-'))
    const file = join(folder, 'secrets.json')
    writeFileSync(file, JSON.stringify({ hashKey: key, sealKeys: [{ id: 'a', key }] }))
    expect(loadConfig({ SECRETS_FILE: file }).secrets.sealKeys[0]!.id).toBe('a')
    expect(() => loadConfig({ SECRETS_FILE: join(folder, 'none') })).toThrow('ENOENT')
    rmSync(folder, { recursive: true })
  })
})

describe('the log', () => {
  test('hides fields that may hold a secret, at three depths', () => {
    const lines: string[] = []
    const log = createLog('test', 'info', { write: (line: string) => void lines.push(line) })
    log.info({ authorization: 'hush', a: { password: 'hush', b: { 'x-api-key': 'hush' } } }, 'said')
    expect(lines[0]).not.toContain('hush')
    expect(lines[0]).toContain('said')
  })
})

describe('a problem', () => {
  test('shows its detail and keeps note and cause for the log', () => {
    const p = problem('rate-limited', { detail: 'Wait.', note: 'inner', cause: new Error('root') })
    const body = problemBody(p, 'id-1')
    expect(body).toEqual({
      type: 'urn:problem:rate-limited',
      title: 'Too many calls',
      status: 429,
      detail: 'Wait.',
      instance: 'urn:request:id-1',
      code: 'rate-limited',
    })
  })

  test('of anything thrown is internal, unless it is one already', () => {
    const p = problem('not-found')
    expect(asProblem(p)).toBe(p)
    expect(asProblem('boom')).toMatchObject({ code: 'internal', cause: 'boom' })
  })

  test.each(Object.entries(problems))('%s has a status that fits its source', (_, row) => {
    expect(row.status).toBeGreaterThanOrEqual(400)
    expect(row.status < 500).toBe(row.source === 'downstream')
  })
})
