import type { PaymentInitiation } from '../../../../registry/oauth-model.ts'
import type { OAuthAnswer } from '../../message.ts'
import type { Text } from '../text/index.ts'
import { errorSummary, type FieldFault, type FormTarget, formStart } from './form.ts'
import { type Html, html } from './html.ts'
import { formatAmount, groupedIban, totalOf } from './money.ts'
import { type PageContext, pageAnswer, textOf } from './page.ts'
import type { Asker } from './sign-in.ts'

export interface ConsentView extends FormTarget {
  readonly asker: Asker
  /** Each with what the published document says of it; ''. */
  readonly scopes: readonly { readonly scope: string; readonly description: string }[]
  readonly payments: readonly PaymentInitiation[]
  readonly redirectUri: string
  readonly personName: string
  /** For how long the choice is remembered; 0: not at all. */
  readonly rememberedDays: number
  readonly faults: readonly FieldFault[]
  readonly formTarget: string
}

/** What is asked for, by whom, and where the browser goes then. The question that all the rest is there for. */
export function consentPage(context: PageContext, view: ConsentView): OAuthAnswer {
  const text = textOf(context)
  const { payments, asker } = view
  const title = payments.length > 0 ? text.paymentTitle(payments.length) : text.consentTitle
  const body = html`
${errorSummary(text.errorSummary, view.faults)}
<h1>${title}</h1>
<p>${text.consentLead(asker.partner)}</p>
${payments.map((payment, i) => paymentCard(context, payment, i + 1, payments.length))}
${totalLine(context, payments)}
<h2>${text.asker}</h2>
<dl>
<dt>${text.application}</dt><dd><bdi>${asker.application}</bdi></dd>
<dt>${text.partner}</dt><dd><bdi>${asker.partner}</bdi></dd>
</dl>
${scopeList(text, view)}
<div class="who"><p>${text.signedInAs(view.personName)}</p>
${formStart(context, view, 'other-account')}<button class="quiet">${text.otherAccount}</button></form></div>
<p class="to">${text.destination} <strong><bdi>${destinationOf(view.redirectUri, text)}</bdi></strong></p>
${formStart(context, view, 'decide')}
<div class="actions">
<button class="main" name="decision" value="allow">${allowLabel(context, payments)}</button>
<button name="decision" value="refuse">${text.refuse}</button>
</div>
</form>
${afterwards(text, view)}`
  return pageAnswer(context, {
    status: view.faults.length > 0 ? 409 : 200,
    title,
    body,
    hasErrors: view.faults.length > 0,
    isSandbox: asker.isSandbox,
    formTarget: view.formTarget,
  })
}

function paymentCard(context: PageContext, payment: PaymentInitiation, number: number, count: number): Html {
  const text = textOf(context)
  const { iban, bban } = payment.creditorAccount
  const account = iban !== undefined ? groupedIban(iban) : bban
  const reference = payment.remittanceInformationUnstructured
  const actions = payment.actions ?? []
  return html`<section class="pay" aria-labelledby="payment-${number}">
<h2 id="payment-${number}">${text.payment(number, count)}</h2>
<p class="amount"><span class="vh">${text.amount}: </span>${formatAmount(payment.instructedAmount, context.language)} <small>${payment.instructedAmount.currency}</small></p>
<dl>
<dt>${text.creditor}</dt><dd><bdi>${payment.creditorName}</bdi></dd>
<dt>${text.account}</dt>${account === undefined ? html`<dd>${text.noAccount}</dd>` : html`<dd class="digits"><bdi>${account}</bdi></dd>`}
${reference !== undefined && html`<dt>${text.reference}</dt><dd><bdi>${reference}</bdi></dd>`}
${actions.length > 0 && html`<dt>${text.actions}</dt><dd>${actions.map((action) => text.action[action]).join(context.language === 'zh-CN' ? '、' : ', ')}</dd>`}
</dl>
</section>`
}

function totalLine(context: PageContext, payments: readonly PaymentInitiation[]): Html | undefined {
  if (payments.length < 2) return undefined
  const total = totalOf(payments.map(({ instructedAmount }) => instructedAmount))
  if (!total) return undefined
  return html`<p class="total"><span>${textOf(context).total}</span> <span>${formatAmount(total, context.language)}</span></p>`
}

function scopeList(text: Text, { scopes, payments }: ConsentView): Html | undefined {
  if (scopes.length === 0) return payments.length > 0 ? undefined : html`<p class="to">${text.accessOnly}</p>`
  const lines = scopes.map(
    ({ scope, description }) => html`<li>${description || text.scopeUnknown}<code>${scope}</code></li>`,
  )
  return html`<h2>${text.scopesTitle}</h2><ul class="scopes">${lines}</ul>`
}

function allowLabel(context: PageContext, payments: readonly PaymentInitiation[]): string {
  const text = textOf(context)
  if (payments.length === 0) return text.allow
  const total = totalOf(payments.map(({ instructedAmount }) => instructedAmount))
  return total ? text.allowPayment(formatAmount(total, context.language)) : text.allowPayments
}

function afterwards(text: Text, { payments, rememberedDays }: ConsentView): Html | undefined {
  if (payments.length > 0) return html`<p class="to">${text.askedEachTime}</p>`
  return rememberedDays > 0 ? html`<p class="to">${text.remembered(rememberedDays)}</p>` : undefined
}

/** Of an address only what says whose it is; `URL` writes look-alike letters as punycode. */
function destinationOf(redirectUri: string, text: Text): string {
  const url = new URL(redirectUri)
  if (url.protocol === 'https:') return url.host
  if (url.protocol === 'http:') return text.destinationLocal
  return `${text.destinationApp} (${url.protocol.slice(0, -1)})`
}
