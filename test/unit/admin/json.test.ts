import { describe, expect, test } from '@jest/globals'
import { parseJson } from '../../../admin/json.ts'

const position = (text: string) => {
  try {
    parseJson(Buffer.from(text))
    return undefined
  } catch (error) {
    return (error as { errors: { detail: string }[] }).errors[0]!.detail
  }
}

describe('the JSON body', () => {
  test('is parsed as it is', () => {
    expect(parseJson(Buffer.from('{"a": [1, "é"]}'))).toEqual({ a: [1, 'é'] })
  })

  test.each([
    ['{"a":}', 5],
    ['[1,]', 3],
    ['{a:1}', 1],
    ['{"a":1,}', 7],
    ['{} x', 3],
    ['{"a": nope}', 7],
    ['{"a":[true,\n  wrong]}', 14],
    ['"\\q"', 2],
  ])('%j goes wrong at position %i', (text, at) => {
    expect(position(text)).toBe(`position ${at}: this character was not expected`)
  })

  test.each(['{"a":1', '[', '{"a', 'tru'])('%j ends too early', (text) => {
    expect(position(text)).toMatch(/^position \d+: it ends too early$/)
  })

  test('of a megabyte is searched to its very end', () => {
    const text = `[${'{"name":"value"},'.repeat(60_000)}}`
    expect(position(text)).toBe(`position ${text.length - 1}: this character was not expected`)
  })

  test('tells line and column', () => {
    expect(() => parseJson(Buffer.from('{\n  "a": wrong\n}'))).toThrow('line 2, column 8')
  })

  test.each([
    [Buffer.from([0x22, 0xff, 0x22]), 'UTF-8'],
    [Buffer.from(' \n'), 'required'],
  ])('that is %p is refused', (bytes, words) => {
    expect(() => parseJson(bytes)).toThrow(words)
  })
})
