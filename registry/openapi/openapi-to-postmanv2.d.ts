/** The package has no types of its own: what is used of it. */
declare module 'openapi-to-postmanv2' {
  interface Done {
    result: boolean
    reason?: string
    output: { data: unknown }[]
  }
  const converter: {
    convertV2(
      input: { type: 'json'; data: Record<string, unknown> },
      options: Record<string, unknown>,
      done: (error: Error | null, result?: Done) => void,
    ): void
  }
  export default converter
}
