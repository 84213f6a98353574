import { type Html, html } from './html.ts'
import type { PageContext } from './page.ts'
import { addressIn } from './page.ts'

/** What is wrong with a form, each with the id of the field that it is about ('' for the whole). */
export interface FieldFault {
  readonly field: string
  readonly message: string
}

/** Hidden fields of every form: what it is for, and the proof that the page that sends it is ours. */
export interface FormTarget {
  readonly action: { readonly path: string; readonly query: string }
  readonly csrf: string
}

export function formStart({ language }: PageContext, { action, csrf }: FormTarget, step: string): Html {
  return html`<form method="post" action="${addressIn(action, language)}" novalidate>
<input type="hidden" name="csrf" value="${csrf}"><input type="hidden" name="step" value="${step}">`
}

/** Stands before the heading and gets the focus, so that it is read first; each line leads to its field. */
export function errorSummary(title: string, faults: readonly FieldFault[]): Html {
  if (faults.length === 0) return html``
  const lines = faults.map(({ field, message }) =>
    field === '' ? html`<li>${message}</li>` : html`<li><a href="#${field}">${message}</a></li>`,
  )
  return html`<div class="errors" role="alert" tabindex="-1" autofocus><h2>${title}</h2><ul>${lines}</ul></div>`
}

export interface Field {
  readonly id: string
  readonly label: string
  readonly type?: 'text' | 'password'
  readonly autocomplete: string
  readonly value?: string
  readonly className?: string
  readonly isNumeric?: boolean
}

export function field(faults: readonly FieldFault[], f: Field): Html {
  const fault = faults.find(({ field }) => field === f.id)
  return html`<label for="${f.id}">${f.label}</label>
${fault && html`<p class="field-error" id="${f.id}-error">${fault.message}</p>`}
<input id="${f.id}" name="${f.id}" type="${f.type ?? 'text'}" autocomplete="${f.autocomplete}" autocapitalize="none" spellcheck="false" maxlength="256"${
    f.value !== undefined && html` value="${f.value}"`
  }${f.className && html` class="${f.className}"`}${f.isNumeric && html` inputmode="numeric"`}${
    fault && html` aria-invalid="true" aria-describedby="${f.id}-error"`
  }>`
}
