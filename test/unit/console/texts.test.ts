import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const locales = join(import.meta.dirname, '..', '..', '..', 'admin', 'ui', 'locales')
const namespaces = readdirSync(join(locales, 'en'))

type Texts = { readonly [key: string]: string | Texts }

const textsOf = (language: string, file: string): Texts =>
  JSON.parse(readFileSync(join(locales, language, file), 'utf8'))

/** `a.b` -> text. Plural forms of one text (`_one`, `_other`) differ between languages and count as one. */
function flat(texts: Texts, path = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') all.set(path + key.replace(/_(zero|one|two|few|many|other)$/, ''), value)
    else for (const [inner, text] of flat(value, `${path}${key}.`)) all.set(inner, text)
  }
  return all
}

const placeholders = (text: string) => [...text.matchAll(/{{\s*(\w+)/g)].map(([, name]) => name).sort()

describe('the texts of the console', () => {
  test('have the same namespaces in both languages', () => {
    expect(readdirSync(join(locales, 'zh-CN'))).toEqual(namespaces)
  })

  test.each(namespaces)('%s has the same keys in both languages, none empty', (file) => {
    const en = flat(textsOf('en', file))
    const zh = flat(textsOf('zh-CN', file))
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort())
    expect([...en, ...zh].filter(([, text]) => text.trim() === '')).toEqual([])
  })

  test.each(namespaces)('%s fills in the same values in both languages', (file) => {
    const zh = flat(textsOf('zh-CN', file))
    const differing = [...flat(textsOf('en', file))].filter(
      ([key, text]) => placeholders(text).join() !== placeholders(zh.get(key) ?? '').join(),
    )
    expect(differing).toEqual([])
  })
})
