import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { needsRewrap, seal, unseal } from '../../../../registry/base/seal.ts'

const one = { id: 'one', key: randomBytes(32) }
const two = { id: 'two', key: randomBytes(32) }

describe('a sealed secret', () => {
  test('opens to what was sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, context) => {
        expect(unseal([one], seal([one], text, context), context)).toBe(text.toWellFormed())
      }),
    )
  })

  test('is different each time, and names its key', () => {
    expect(seal([one], 'a', 'x')).not.toBe(seal([one], 'a', 'x'))
    expect(seal([two, one], 'a', 'x')).toMatch(/^v1\.two\./)
  })

  test('opens with any key of the ring, but not without its own', () => {
    const sealed = seal([one], 'a', 'x')
    expect(unseal([two, one], sealed, 'x')).toBe('a')
    expect(() => unseal([two], sealed, 'x')).toThrow('"one"')
    expect(() => unseal([{ ...two, id: 'one' }], sealed, 'x')).toThrow()
  })

  test('does not open in another place, nor when any part of it was changed', () => {
    const sealed = seal([one], 'secret', 'x')
    expect(() => unseal([one], sealed, 'y')).toThrow()
    const parts = sealed.split('.')
    for (const i of [2, 3, 4]) {
      const bytes = Buffer.from(parts[i]!, 'base64url')
      bytes[0]! ^= 1
      const changed = parts.with(i, bytes.toString('base64url')).join('.')
      expect(() => unseal([one], changed, 'x')).toThrow()
    }
    // A short tag would make a forgery cheap.
    expect(() => unseal([one], parts.with(4, parts[4]!.slice(0, 6)).join('.'), 'x')).toThrow()
    for (const nonsense of ['', 'v1', 'v2.one.a.b.c', 'v1.one...'])
      expect(() => unseal([one], nonsense, 'x')).toThrow()
  })

  test('needs re-wrapping when another key seals now', () => {
    const sealed = seal([one], 'a', 'x')
    expect(needsRewrap([one, two], sealed)).toBe(false)
    expect(needsRewrap([two, one], sealed)).toBe(true)
  })

  test('cannot be made without a key', () => {
    expect(() => seal([], 'a', 'x')).toThrow('SECRETS_SEAL_KEYS')
  })
})
