import type { OAuthAnswer } from '../../message.ts'
import { type Language, languages, type Text } from '../text/index.ts'
import { type Html, html } from './html.ts'
import { style, styleHash } from './style.ts'

/** What every page needs to know. */
export interface PageContext {
  readonly language: Language
  /** Of the bank, as the person knows it. */
  readonly bank: string
  /** Whether people reach us by https. */
  readonly isHttps: boolean
  /** Path and query of the page, without the language; the switch adds it. Undefined: the page has no address to come back to. */
  readonly address?: { readonly path: string; readonly query: string } | undefined
}

export interface Page {
  readonly status?: number
  readonly title: string
  readonly body: Html
  readonly hasErrors?: boolean
  readonly isSandbox?: boolean
  /** Where a form of the page may lead to beside ourselves: sources of CSP. */
  readonly formTarget?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export const textOf = ({ language }: PageContext): Text => languages[language]

export function pageAnswer(context: PageContext, page: Page): OAuthAnswer {
  return {
    status: page.status ?? 200,
    headers: { ...headersOf(context, page.formTarget), ...page.headers },
    body: documentOf(context, page).html,
  }
}

function documentOf(context: PageContext, { title, body, hasErrors, isSandbox }: Page): Html {
  const text = textOf(context)
  return html`<!doctype html>
<html lang="${context.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${hasErrors && `${text.errorSummary}: `}${title} · ${context.bank}</title>
<style>${{ html: style }}</style>
</head>
<body>
<a class="skip" href="#content">${text.skipToContent}</a>
<header>${mark}<p><bdi>${context.bank}</bdi></p></header>
<main id="content" tabindex="-1">
${isSandbox && html`<p class="note">${text.sandbox}</p>`}
<div class="card">
${body}
</div>
</main>
<footer>${languageSwitch(context)}</footer>
</body>
</html>
`
}

const mark: Html = {
  html: '<svg width="28" height="28" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M12 3 4 6v6c0 4.5 3.2 7.6 8 9 4.8-1.4 8-4.5 8-9V6z"/><path d="m8.8 12 2.3 2.3 4.2-4.4"/></svg>',
}

function languageSwitch({ language, address }: PageContext): Html {
  if (!address) return html``
  const entries = Object.entries(languages).map(([tag, { language: name }]) =>
    tag === language
      ? html`<li><strong aria-current="true" lang="${tag}">${name}</strong></li>`
      : html`<li><a href="${addressIn(address, tag)}" hreflang="${tag}" lang="${tag}">${name}</a></li>`,
  )
  return html`<nav aria-label="${languages[language].otherLanguages}"><ul>${entries}</ul></nav>`
}

export function addressIn({ path, query }: { path: string; query: string }, language: string): string {
  const parameters = new URLSearchParams(query)
  parameters.set('lang', language)
  return `${path}?${parameters}`
}

/**
 * Nothing is loaded and nothing runs; no page may frame this one (RFC 9700 §4.16); nothing of the address goes to where
 * the person goes next; nothing is kept.
 */
function headersOf({ isHttps }: PageContext, formTarget: string | undefined): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src '${styleHash}'`,
    `form-action 'self'${formTarget ? ` ${formTarget}` : ''}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'X-Frame-Options': 'DENY',
    ...commonHeaders(isHttps),
  }
}

/** Of every answer to a browser, redirects too. */
export function commonHeaders(isHttps: boolean): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(isHttps && { 'Strict-Transport-Security': 'max-age=31536000' }),
  }
}

/** RFC 9700 §4.12: 303, by which a browser never sends again what was typed here. */
export function seeOther(location: string, isHttps: boolean, cookies: readonly string[] = []): OAuthAnswer {
  return {
    status: 303,
    headers: { Location: location, ...commonHeaders(isHttps) },
    ...(cookies.length > 0 && { cookies }),
    body: '',
  }
}
