import type { Tree } from './tree.ts'

/**
 * A document as a collection of Postman (format 2.1), by tags, with bodies made from examples or schemas.
 *
 * @throws Error with the package's reason
 */
export async function toCollection(document: Tree): Promise<unknown> {
  // It takes most of a second to load, and only downloads need it.
  const { default: converter } = await import('openapi-to-postmanv2')
  const options = { folderStrategy: 'Tags', parametersResolution: 'Example', includeAuthInfoInExample: false }
  return new Promise((resolve, reject) => {
    converter.convertV2({ type: 'json', data: document }, options, (error, done) => {
      if (done?.result) resolve(done.output[0]?.data)
      else reject(error ?? new Error(done?.reason))
    })
  })
}
