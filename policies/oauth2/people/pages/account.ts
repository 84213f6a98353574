import type { OAuthAnswer } from '../../message.ts'
import { type FormTarget, formStart } from './form.ts'
import { type Html, html } from './html.ts'
import { type PageContext, pageAnswer, textOf } from './page.ts'

/** One thing that the person has allowed and that still holds. */
export interface Allowed {
  readonly clientId: string
  readonly application: string
  readonly partner: string
  readonly scopes: readonly { readonly scope: string; readonly description: string }[]
  readonly payments: number
  /** ms since the epoch */
  readonly since: number
  readonly until: number
}

export interface AccountView extends FormTarget {
  readonly personName: string
  readonly allowed: readonly Allowed[]
  readonly isTakenBack: boolean
}

/** What the person has allowed, to take it back; and the way out. */
export function accountPage(context: PageContext, view: AccountView): OAuthAnswer {
  const text = textOf(context)
  const body = html`
${view.isTakenBack && html`<p class="done" role="status">${text.takenBack}</p>`}
<h1>${text.accountTitle}</h1>
${view.allowed.length === 0 ? html`<p>${text.accountEmpty}</p>` : view.allowed.map((one) => entry(context, view, one))}
<div class="who"><p>${text.signedInAs(view.personName)}</p></div>
${formStart(context, view, 'sign-out')}<div class="actions"><button>${text.signOut}</button></div></form>`
  return pageAnswer(context, { title: text.accountTitle, body })
}

function entry(context: PageContext, view: FormTarget, one: Allowed): Html {
  const text = textOf(context)
  const day = new Intl.DateTimeFormat(context.language === 'en' ? 'en-GB' : context.language, {
    dateStyle: 'long',
    timeZone: 'UTC',
  })
  const scopes = one.scopes.map(({ scope, description }) => description || scope)
  const what = [...scopes, ...(one.payments > 0 ? [text.accountPayments(one.payments)] : [])]
  return html`<section class="grant"><h2><bdi>${one.application}</bdi></h2>
<p class="dim"><bdi>${one.partner}</bdi> · ${text.accountSince(day.format(one.since))} · ${text.accountUntil(day.format(one.until))}</p>
<p>${what.join(context.language === 'zh-CN' ? '；' : ' · ')}</p>
${formStart(context, view, 'take-back')}<input type="hidden" name="client" value="${one.clientId}">
<button aria-label="${text.takeBackFrom(one.application)}">${text.takeBack}</button></form></section>`
}
