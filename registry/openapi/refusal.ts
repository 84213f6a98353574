import { type FieldError, type Problem, problem } from '../base/problem.ts'

export function refusal(errors: readonly FieldError[]): Problem {
  return problem('document-invalid', {
    detail: 'Nothing was changed. Correct the document at the places given and send it again.',
    errors,
  })
}
