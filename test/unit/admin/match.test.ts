import { describe, expect, test } from '@jest/globals'
import { readIfMatch } from '../../../admin/match.ts'

describe('If-Match', () => {
  test('is the etag without its quotes', () => {
    expect(readIfMatch('"abc"', true)).toBe('abc')
  })

  test('* means whatever is there', () => {
    expect(readIfMatch('*', true)).toBeUndefined()
  })

  test('is asked for where it is required, and only there', () => {
    expect(() => readIfMatch(undefined, true)).toThrow(
      expect.objectContaining({ code: 'precondition-required' }),
    )
    expect(readIfMatch(undefined, false)).toBeUndefined()
  })

  test('a weak tag never matches', () => {
    expect(() => readIfMatch('W/"abc"', true)).toThrow(
      expect.objectContaining({ code: 'precondition-failed' }),
    )
  })

  test.each(['abc', '"a", "b"', '"', ''])('%j is not understood', (header) => {
    expect(() => readIfMatch(header, true)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
  })
})
