import type { Tree } from './tree.ts'

/**
 * A Swagger 2.0 document as OpenAPI 3.0, so that there is one form to read for whoever shows it. Takes what is not
 * strictly valid, mends what it must, and follows no reference.
 */
export async function upgraded(tree: Tree): Promise<Tree> {
  // Loaded where it is needed only: few documents are that old.
  const { default: converter } = await import('swagger2openapi')
  const options = { patch: true, warnOnly: true, anchors: true, resolveInternal: false }
  const { openapi } = await converter.convertObj(tree, options)
  return openapi
}
