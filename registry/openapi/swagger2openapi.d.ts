/** The package has no types of its own: what is used of it. */
declare module 'swagger2openapi' {
  const converter: {
    convertObj(
      document: Record<string, unknown>,
      options: { patch: boolean; warnOnly: boolean; anchors: boolean; resolveInternal: boolean },
    ): Promise<{ openapi: Record<string, unknown> }>
  }
  export default converter
}
