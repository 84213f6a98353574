import { en, type Text } from './en.ts'
import { zhCN } from './zh-CN.ts'

export type { Text } from './en.ts'

/** Languages of the pages, the default first. */
export const languages = { en, 'zh-CN': zhCN } as const satisfies Record<string, Text>
export type Language = keyof typeof languages

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text)

/** Longest list of languages that is looked at; what comes behind is not wanted much. */
const mostRanges = 20

/**
 * The language of a page: what the person chose here, then what the client asks for (`ui_locales`, OpenID Connect
 * §3.1.2.1), then what the browser prefers. Any of them may be anything; what is not known is passed over.
 */
export function languageOf(
  chosen: string | undefined,
  uiLocales: readonly string[],
  acceptLanguage: string | string[] | undefined,
): Language {
  if (chosen !== undefined && isLanguage(chosen)) return chosen
  for (const tag of [...uiLocales.slice(0, mostRanges), ...preferred(String(acceptLanguage ?? ''))]) {
    const known = languageOfTag(tag)
    if (known) return known
  }
  return 'en'
}

/** RFC 4647 look-up, as far as two languages need it. Traditional Chinese is another script: it is not answered in this one. */
function languageOfTag(tag: string): Language | undefined {
  const [language, ...rest] = tag.toLowerCase().split('-')
  if (language === 'en') return 'en'
  if (language !== 'zh' || rest.includes('hant')) return undefined
  const isSimplified = rest.includes('hans') || !rest.some((part) => ['tw', 'hk', 'mo'].includes(part))
  return isSimplified ? 'zh-CN' : undefined
}

/** RFC 9110 §12.5.4: languages by weight, those of the same in their order. */
function preferred(header: string): string[] {
  return header
    .slice(0, 1_000)
    .split(',', mostRanges)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((text) => text.trim())
      const q = parameters.find((text) => text.startsWith('q='))?.slice(2)
      return { tag, weight: q === undefined ? 1 : Number(q) || 0 }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
