import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

export const languages = ['en', 'zh-CN'] as const
export type Language = (typeof languages)[number]

const files = import.meta.glob<Record<string, unknown>>('../locales/*/*.json', { import: 'default' })

/** Texts are loaded by namespace: that of a screen comes with the screen. */
const loader = {
  type: 'backend' as const,
  init() {},
  read(language: string, namespace: string, done: (error: unknown, texts: unknown) => void) {
    const load = files[`../locales/${language}/${namespace}.json`]
    if (!load) return done(new Error(`there are no texts ${language}/${namespace}`), null)
    load().then(
      (texts) => done(null, texts),
      (error) => done(error, null),
    )
  },
}

const storageKey = 'language'

export function openTexts(): Promise<unknown> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
  })
  return i18next
    .use(loader)
    .use(initReactI18next)
    .init({
      lng: chosenLanguage(),
      fallbackLng: 'en',
      supportedLngs: languages,
      ns: ['common'],
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
      react: { useSuspense: true },
    })
}

/** What the person chose on this machine, else the first of the browser's languages that we have. */
function chosenLanguage(): Language {
  const kept = localStorage.getItem(storageKey)
  const wanted = [kept ?? '', ...navigator.languages]
  for (const one of wanted) {
    if (/^zh/i.test(one)) return 'zh-CN'
    if (/^en/i.test(one)) return 'en'
  }
  return 'en'
}

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language)
  await i18next.changeLanguage(language)
}
