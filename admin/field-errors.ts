import type { z } from 'zod'
import { pointerTo } from '../registry/base/pointer.ts'
import { type FieldError, problem } from '../registry/base/problem.ts'

/** What zod found, each fault with a JSON pointer (RFC 6901) into the input. */
export function fieldErrors(error: z.ZodError, noun: 'field' | 'query parameter' = 'field'): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        pointer: pointerTo([...issue.path, key]),
        detail: `there is no such ${noun}`,
      }))
    return [{ pointer: pointerTo(issue.path), detail: issue.message }]
  })
}

/** @throws Problem `input-invalid` with every fault */
export function parseOr400<T>(schema: z.ZodType<T>, input: unknown, noun?: 'query parameter'): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw problem('input-invalid', {
    detail: noun ? 'The address has query parameters that are not valid.' : 'The body is not valid.',
    errors: fieldErrors(parsed.error, noun),
  })
}
