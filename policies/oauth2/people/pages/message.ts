import type { OAuthAnswer } from '../../message.ts'
import type { Text } from '../text/index.ts'
import { html } from './html.ts'
import { type PageContext, pageAnswer, textOf } from './page.ts'

export type Message = 'ended' | 'badRequest' | 'notAvailable' | 'broken' | 'notHere' | 'signedOut'

const titles = {
  ended: 'endedTitle',
  badRequest: 'badRequestTitle',
  notAvailable: 'notAvailableTitle',
  broken: 'brokenTitle',
  notHere: 'notHereTitle',
  signedOut: 'signedOutTitle',
} as const satisfies Record<Message, keyof Text>

const statuses: Record<Message, number> = {
  ended: 400,
  badRequest: 400,
  notAvailable: 404,
  broken: 500,
  notHere: 404,
  signedOut: 200,
}

/**
 * A page that only says something.
 * @param reason for the people of the application, in their words: shown as it is
 */
export function messagePage(
  context: PageContext,
  message: Message,
  more: {
    readonly reason?: string
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): OAuthAnswer {
  const text = textOf(context)
  const body = html`
<h1>${text[titles[message]]}</h1>
<p>${text[message]}</p>
${more.reason && html`<p class="dim">${text.badRequestCode}: <code>${more.reason}</code></p>`}`
  return pageAnswer(context, {
    status: more.status ?? statuses[message],
    title: text[titles[message]],
    body,
    ...(more.headers && { headers: more.headers }),
  })
}

export interface HeldView {
  readonly retryAfterMs: number
  /** ms since the epoch */
  readonly now: number
  /** Path and query of the sign-in page. */
  readonly back: string
}

/** Too many attempts: how long it lasts, and the moment, in the time of UTC, since we do not know the person's. */
export function heldPage(context: PageContext, { retryAfterMs, now, back }: HeldView): OAuthAnswer {
  const text = textOf(context)
  const minutes = Math.max(1, Math.ceil(retryAfterMs / 60_000))
  const until = new Date(now + retryAfterMs)
  const time = new Intl.DateTimeFormat(context.language === 'en' ? 'en-GB' : context.language, {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(new Date(Math.ceil(until.getTime() / 60_000) * 60_000))
  const body = html`
<h1>${text.tooManyTitle}</h1>
<p>${text.tooMany(minutes)}</p>
<p><time datetime="${until.toISOString()}">${text.tooManyUntil(time)}</time></p>
<div class="actions"><a class="button" href="${back}">${text.backToSignIn}</a></div>`
  return pageAnswer(context, {
    status: 429,
    title: text.tooManyTitle,
    body,
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) },
  })
}
