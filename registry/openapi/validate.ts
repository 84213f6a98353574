import { validate } from '@readme/openapi-parser'
import type { Finding } from '../model.ts'
import { describeFault } from './faults.ts'
import { own, type Tree } from './tree.ts'

/**
 * What the specification has against a document. The validator writes references out, in a copy; it may take long on
 * a document whose references multiply, so the caller sets the time limit.
 */
export async function checkAgainstSpecification(tree: Tree, dialect: string): Promise<Finding[]> {
  if (dialect === '3.2')
    return [unchecked('Documents of OpenAPI 3.2 are read, but not yet checked against the specification.')]
  const copy = structuredClone(tree)
  // Numbers where the author left quotes out; the validator wants texts.
  if (typeof own(copy, 'openapi') === 'number') copy.openapi = dialect
  if (typeof own(copy, 'swagger') === 'number') copy.swagger = dialect
  try {
    // Never anything from outside: a reference to a URL or a file would be a call from inside our network.
    const result = await validate(copy as never, { resolve: { external: false, file: false } })
    const errors = result.valid ? [] : result.errors
    const describe = describeFault(tree, copy)
    const findings = [
      ...errors.flatMap(({ message }) => describe(message, 'error')),
      ...result.warnings.flatMap(({ message }) => describe(message, 'warning')),
    ]
    if (!result.valid && result.additionalErrors > 0)
      findings.push(unchecked(`The validator has ${result.additionalErrors} more to say.`))
    // A part that is referred to twice is checked twice.
    return [...new Map(findings.map((f) => [`${f.pointer} ${f.message}`, f])).values()]
  } catch (error) {
    // It takes our working folder for the document's address.
    const reason = (error as Error).message.replaceAll(process.cwd(), '').slice(0, 300)
    return [unchecked(`The validator gave up: ${reason}`)]
  }
}

export function unchecked(message: string): Finding {
  return { severity: 'warning', code: 'not-fully-checked', message, pointer: '' }
}
