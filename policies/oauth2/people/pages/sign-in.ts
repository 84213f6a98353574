import type { OAuthAnswer } from '../../message.ts'
import { errorSummary, type FieldFault, type FormTarget, field, formStart } from './form.ts'
import { html } from './html.ts'
import { type PageContext, pageAnswer, textOf } from './page.ts'

export interface Asker {
  readonly application: string
  readonly partner: string
  readonly isSandbox: boolean
}

export interface SignInView extends FormTarget {
  readonly asker: Asker
  readonly userName: string
  readonly faults: readonly FieldFault[]
  readonly formTarget: string
}

/** User name and password of the bank's own people. */
export function signInPage(context: PageContext, view: SignInView): OAuthAnswer {
  const text = textOf(context)
  const { asker, faults } = view
  const body = html`
${errorSummary(text.errorSummary, faults)}
<h1>${text.signInTitle}</h1>
<p>${text.signInLead(asker.application, asker.partner)}</p>
${formStart(context, view, 'sign-in')}
${field(faults, { id: 'username', label: text.userName, autocomplete: 'username', value: view.userName })}
${field(faults, { id: 'password', label: text.password, type: 'password', autocomplete: 'current-password' })}
<div class="actions"><button class="main">${text.signIn}</button></div>
</form>
${cancelForm(context, view)}`
  return pageAnswer(context, {
    status: faults.length > 0 ? 422 : 200,
    title: text.signInTitle,
    body,
    hasErrors: faults.length > 0,
    isSandbox: asker.isSandbox,
    formTarget: view.formTarget,
  })
}

export interface ElsewhereView extends FormTarget {
  readonly asker: Asker
  /** The page itself, from which the browser is sent there. */
  readonly next: string
  readonly faults: readonly FieldFault[]
  readonly formTarget: string
}

/** Where people sign in at an upstream OpenID provider, and something kept them from going there at once. */
export function signInElsewherePage(context: PageContext, view: ElsewhereView): OAuthAnswer {
  const text = textOf(context)
  const body = html`
${errorSummary(text.errorSummary, view.faults)}
<h1>${text.signInTitle}</h1>
<p>${text.signInLead(view.asker.application, view.asker.partner)}</p>
<p class="dim">${text.signInElsewhere(context.bank)}</p>
<div class="actions"><a class="button main" href="${view.next}">${text.continue}</a></div>
${cancelForm(context, view)}`
  return pageAnswer(context, {
    title: text.signInTitle,
    body,
    hasErrors: view.faults.length > 0,
    isSandbox: view.asker.isSandbox,
    formTarget: view.formTarget,
  })
}

export interface CodeView extends FormTarget {
  readonly asker: Asker
  /** What the subject source says of the code, e.g. where it was sent. */
  readonly prompt: string
  readonly faults: readonly FieldFault[]
  readonly formTarget: string
}

/** The second factor: one code. */
export function codePage(context: PageContext, view: CodeView): OAuthAnswer {
  const text = textOf(context)
  const body = html`
${errorSummary(text.errorSummary, view.faults)}
<h1>${text.codeTitle}</h1>
<p>${view.prompt}</p>
${formStart(context, view, 'code')}
${field(view.faults, { id: 'code', label: text.code, autocomplete: 'one-time-code', className: 'code', isNumeric: true })}
<div class="actions"><button class="main">${text.confirm}</button></div>
</form>
${cancelForm(context, view)}`
  return pageAnswer(context, {
    status: view.faults.length > 0 ? 422 : 200,
    title: text.codeTitle,
    body,
    hasErrors: view.faults.length > 0,
    isSandbox: view.asker.isSandbox,
    formTarget: view.formTarget,
  })
}

/** A form of its own: the Enter key in a field must never mean it. */
function cancelForm(context: PageContext, target: FormTarget) {
  return html`${formStart(context, target, 'cancel')}
<div class="actions"><button>${textOf(context).cancel}</button></div>
</form>`
}
