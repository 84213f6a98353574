import { throughRefs } from './refs.ts'
import { type Purpose, sampleOf, unknownText } from './sample.ts'
import { isTree, listAt, own, type Tree, textAt, treeAt } from './tree.ts'

/** A call as an example: what to fill in where. */
export interface ExampleRequest {
  readonly parameters: readonly {
    readonly in: 'path' | 'query' | 'header'
    readonly name: string
    readonly value: string
  }[]
  readonly body: { readonly type: string; readonly text: string } | null
}

export interface ExampleAnswer {
  readonly status: string
  readonly type: string
  readonly text: string
}

/** What the gateway or the kind of the body decides; documents name them all the same (OpenAPI 3.1 §4.8.12). */
const decidedElsewhere = new Set(['authorization', 'content-type', 'accept'])

/**
 * An example call from the examples of the document, or made from its schemas. Only what is required is filled in; a
 * path parameter of which nothing is known is empty.
 */
export function exampleRequest(root: Tree, operation: Tree): ExampleRequest {
  const parameters = listAt(operation, 'parameters').flatMap((written) => {
    const parameter = throughRefs(root, written, '')?.value
    if (!isTree(parameter)) return []
    const [place, name] = [textAt(parameter, 'in'), textAt(parameter, 'name')]
    if (place !== 'path' && place !== 'query' && place !== 'header') return []
    if (place !== 'path' && own(parameter, 'required') !== true) return []
    if (place === 'header' && decidedElsewhere.has(name.toLowerCase())) return []
    const [media] = Object.values(treeAt(parameter, 'content'))
    const value = plain(exampleOf(root, isTree(media) ? media : parameter, 'request'))
    return [{ in: place, name, value: place === 'path' && value === unknownText ? '' : value } as const]
  })
  const body = throughRefs(root, own(operation, 'requestBody'), '')?.value
  const made = isTree(body) ? bodyOf(root, treeAt(body, 'content'), 'request') : null
  return { parameters, body: made?.text ? made : null }
}

/** The examples of all answers that have a body. */
export function exampleAnswers(root: Tree, operation: Tree): ExampleAnswer[] {
  return Object.entries(treeAt(operation, 'responses')).flatMap(([status, written]) => {
    const answer = throughRefs(root, written, '')?.value
    const body = isTree(answer) ? bodyOf(root, treeAt(answer, 'content'), 'response') : null
    return body ? [{ status, ...body }] : []
  })
}

function bodyOf(root: Tree, content: Tree, purpose: Purpose) {
  const types = Object.keys(content)
  const type = types.find(isJson) ?? types.find((name) => isForm(name)) ?? types[0]
  if (type === undefined) return null
  const value = exampleOf(root, treeAt(content, type), purpose)
  if (isForm(type)) return { type: formType, text: formOf(value) }
  const isWritten = typeof value === 'string' && !isJson(type)
  return {
    type: type === '*/*' ? 'application/json' : type,
    text: isWritten ? value : JSON.stringify(value, null, 2),
  }
}

const formType = 'application/x-www-form-urlencoded'
const isForm = (type: string) => type.toLowerCase().startsWith(formType)
export const isJson = (type: string) => /^(application|text)\/([\w.+-]*\+)?json\b|^\*\/\*$/i.test(type)

/** Of a media type or a parameter: the example it gives itself, or one made from its schema. */
function exampleOf(root: Tree, holder: Tree, purpose: Purpose): unknown {
  const given = own(holder, 'example')
  if (given !== undefined) return given
  const [named] = Object.values(treeAt(holder, 'examples'))
  const example = throughRefs(root, named, '')?.value
  if (isTree(example) && own(example, 'value') !== undefined) return own(example, 'value')
  return sampleOf(root, own(holder, 'schema') ?? {}, purpose)
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(',')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}

/** `a[b]=1&a[c][0]=2`, as forms of nested values are written (style `deepObject`). */
function formOf(value: unknown): string {
  const pairs: string[] = []
  const put = (name: string, part: unknown): void => {
    if (Array.isArray(part)) for (const [i, item] of part.entries()) put(`${name}[${i}]`, item)
    else if (isTree(part)) for (const [key, child] of Object.entries(part)) put(`${name}[${key}]`, child)
    else pairs.push(`${encode(name)}=${encodeURIComponent(String(part ?? ''))}`)
  }
  if (isTree(value)) for (const [key, child] of Object.entries(value)) put(key, child)
  return pairs.join('&')
}

/** Brackets stay readable; every form decoder takes them. */
const encode = (name: string) => encodeURIComponent(name).replaceAll('%5B', '[').replaceAll('%5D', ']')
