import { describe, expect, test } from '@jest/globals'
import { parseDocumentText } from '../../../../registry/openapi/parse.ts'

const parse = (text: string) => parseDocumentText(Buffer.from(text))
const refusalOf = (text: string | Buffer) => {
  try {
    parseDocumentText(Buffer.from(text))
  } catch (error) {
    return error as { code: string; errors: { pointer: string; detail: string; line?: number }[] }
  }
  throw new Error('it was not refused')
}

describe('text to values', () => {
  test('tells JSON from YAML', () => {
    expect(parse('{"a": 1}')).toMatchObject({ format: 'json', tree: { a: 1 } })
    expect(parse('a: 1')).toMatchObject({ format: 'yaml', tree: { a: 1 } })
  })

  test('reads YAML flow style that is not JSON', () => {
    expect(parse('{a: 1}')).toMatchObject({ format: 'yaml', tree: { a: 1 } })
  })

  test('reads merge keys, and numbers as keys', () => {
    expect(parse('base: &b {x: 1}\nuse:\n  <<: *b\n  200: ok').tree.use).toEqual({ x: 1, '200': 'ok' })
  })

  test('reads what only the slower parser takes: unknown tags', () => {
    expect(parse('a: !binary aGk=').tree).toEqual({ a: 'aGk=' })
  })

  test('keeps dates as texts', () => {
    expect(parse('version: 2022-11-15').tree).toEqual({ version: '2022-11-15' })
  })

  test('says line and column of a syntax error in YAML', () => {
    const { code, errors } = refusalOf('openapi: 3.0.0\ninfo:\n  title: a: b\n')
    expect(code).toBe('document-invalid')
    expect(errors[0]).toMatchObject({ line: 3, detail: expect.stringMatching(/^Line 3, column \d+: /) })
  })

  test('says line and column of a syntax error in JSON', () => {
    expect(refusalOf('{\n  "a": 1,\n  "b": [1, 2\n}').errors[0]).toMatchObject({
      line: expect.any(Number),
      detail: expect.stringMatching(/^Line \d+, column \d+: /),
    })
  })

  test.each([
    ['YAML', 'a: 1\nb:\n  c: 1\n  c: 2\n', 4],
    ['JSON', '{\n  "a": {"x": [{}, "a"], "y": "\\"x"},\n  "b": {\n    "c": 1,\n    "\\u0063": 2\n  }\n}', 5],
  ])('refuses a key given twice in %s: readers would see different documents', (_, text, line) => {
    expect(refusalOf(text).errors[0]).toMatchObject({ line })
  })

  test('takes equal keys of different objects', () => {
    expect(parse('{"a": [{"k": 1}, {"k": 2}], "k": "k"}').tree).toEqual({ a: [{ k: 1 }, { k: 2 }], k: 'k' })
  })

  test.each(['{"paths": {"__proto__": {"polluted": true}}}', 'paths:\n  __proto__:\n    polluted: true\n'])(
    'refuses the key __proto__ and names its place: %j',
    (text) => {
      expect(refusalOf(text).errors[0]).toMatchObject({
        pointer: '/paths/__proto__',
        line: expect.any(Number),
      })
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    },
  )

  test('refuses aliases that stand for billions of values', () => {
    const lines = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`,
    )
    expect(refusalOf(['a0: &a0 x', ...lines].join('\n')).errors[0]!.detail).toMatch(/too many values/)
  })

  test('refuses an alias inside its own anchor', () => {
    expect(refusalOf('a: &a\n  b: *a\n').errors[0]!.detail).toMatch(/contains itself/)
  })

  test.each([`${'['.repeat(1000)}${']'.repeat(1000)}`, `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`])(
    'refuses what is nested too deeply',
    (text) => {
      expect(() => parse(text)).toThrow()
    },
  )

  test('reads strings of megabytes, and ends of strings after backslashes', () => {
    const text = JSON.stringify({ a: `${'x'.repeat(5_000_000)}\\"\\\\`, b: '\\', c: '"' })
    expect(Object.keys(parse(text).tree)).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['nothing', ''],
    ['a comment', '# nothing'],
    ['a list', '[]'],
    ['a word', 'hello'],
    ['two documents', 'a: 1\n---\nb: 1\n'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0xfe])],
  ])('refuses %s', (_, text) => {
    expect(refusalOf(text).code).toBe('document-invalid')
  })

  test('does not mind a byte order mark', () => {
    expect(parse('\uFEFF{"a": 1}').tree).toEqual({ a: 1 })
  })
})

describe('lines of pointers', () => {
  test.each([
    ['/paths/~1a~1{id}/get', 4],
    ['/list/1', 7],
    ['/list/9/gone', 5],
    ['/use/deep', 9],
    ['', 1],
  ])('%s is at line %d', (pointer, line) => {
    const text =
      'openapi: 3.0.0\npaths:\n  /a/{id}:\n    get: {}\nlist:\n  - a\n  - b\nbase: &base\n  deep: 1\nuse: *base\n'
    expect(parse(text).lineOf(pointer)).toBe(line)
  })

  test('are found in JSON, too', () => {
    expect(parse('{\n "a": {\n  "b": [\n   1,\n   {"c": 2}]}}').lineOf('/a/b/1/c')).toBe(5)
  })
})
