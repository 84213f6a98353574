import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  appendHeader,
  getHeader,
  removeHeader,
  removeHeaders,
  setHeader,
} from '../../../policies/header-list.ts'

describe('header lists', () => {
  test('compare names without case and keep order and spelling', () => {
    const list = ['Host', 'a', 'X-One', '1', 'x-one', '2', 'Accept', '*/*']
    expect(getHeader(list, 'x-ONE')).toBe('1')
    setHeader(list, 'X-ONE', '3')
    expect(list).toEqual(['Host', 'a', 'X-One', '3', 'Accept', '*/*'])
    appendHeader(list, 'x-one', '4')
    removeHeader(list, 'host')
    expect(list).toEqual(['X-One', '3', 'Accept', '*/*', 'x-one', '4'])
    removeHeaders(list, (name) => name.startsWith('x-'))
    expect(list).toEqual(['Accept', '*/*'])
    expect(getHeader(list, 'x-one')).toBeUndefined()
  })

  test('after a removal hold no line of that name and all others as they were', () => {
    const line = fc.tuple(fc.constantFrom('a', 'A', 'b', 'B', 'ab'), fc.string())
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const list = lines.flat()
        removeHeader(list, 'a')
        expect(list).toEqual(lines.filter(([name]) => name.toLowerCase() !== 'a').flat())
      }),
    )
  })
})
