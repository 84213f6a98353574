import { type ImportedDocument, Scope } from '../model.ts'
import { throughRefs } from './refs.ts'
import { type Report, warn } from './report.ts'
import { below, isTree, listAt, own, type Tree, textAt, treeAt } from './tree.ts'

export interface Security {
  readonly schemes: ImportedDocument['securitySchemes']
  /** Scope -> what the document says of it. Grows by scopes that operations ask for without a declaration. */
  readonly scopes: ImportedDocument['scopes']
  readonly report: Report
}

export function readSecurity(root: Tree, report: Report): Security {
  const security: Security = { schemes: {}, scopes: {}, report }
  const isV2 = own(root, 'swagger') !== undefined
  const at = isV2 ? '/securityDefinitions' : '/components/securitySchemes'
  const all = isV2
    ? treeAt(root, 'securityDefinitions')
    : treeAt(treeAt(root, 'components'), 'securitySchemes')
  for (const [name, written] of Object.entries(all)) {
    const pointer = below(at, name)
    const scheme = throughRefs(root, written, pointer)?.value
    if (!isTree(scheme)) {
      warn(report, 'security-scheme-unreadable', `The security scheme ${name} cannot be read.`, pointer)
      continue
    }
    security.schemes[name] = { type: textAt(scheme, 'type'), detail: describe(scheme) }
    for (const [scope, text] of declaredScopes(scheme)) {
      if (Scope.safeParse(scope).success) security.scopes[scope] = typeof text === 'string' ? text : ''
      else warn(report, 'scope-unusable', `\`${scope}\` cannot be a scope (RFC 6749 §3.3).`, pointer)
    }
  }
  return security
}

function describe(scheme: Tree): string {
  switch (textAt(scheme, 'type')) {
    case 'apiKey':
      return `${textAt(scheme, 'in')} ${textAt(scheme, 'name')}`.trim()
    case 'http':
      return `${textAt(scheme, 'scheme')} ${textAt(scheme, 'bearerFormat')}`.trim()
    case 'oauth2':
      return [textAt(scheme, 'flow'), ...Object.keys(treeAt(scheme, 'flows'))].filter(Boolean).join(', ')
    default:
      return textAt(scheme, 'openIdConnectUrl')
  }
}

function declaredScopes(scheme: Tree): [string, unknown][] {
  const flows = Object.values(treeAt(scheme, 'flows')).filter(isTree)
  return [scheme, ...flows].flatMap((holder) => Object.entries(treeAt(holder, 'scopes')))
}

export interface Requirement {
  readonly scopes: string[][]
  readonly isAnonymous: boolean
}

/**
 * What an operation asks for. Security is a list of alternatives, each naming schemes that are needed together.
 * The gateway brings its own schemes and gives scopes to API keys too: so an alternative that only names schemes
 * without scopes (a key) does not free callers from the scopes that another alternative asks for.
 */
export function readRequirement(
  security: Security,
  root: Tree,
  operation: Tree,
  pointer: string,
): Requirement {
  const holder = own(operation, 'security') === undefined ? root : operation
  const at = below(holder === root ? '' : pointer, 'security')
  const alternatives = listAt(holder, 'security')
  const scopes: string[][] = []
  let isAnonymous = alternatives.length === 0
  for (const [index, alternative] of alternatives.entries()) {
    if (!isTree(alternative)) continue
    if (Object.keys(alternative).length === 0) isAnonymous = true
    const asked = Object.entries(alternative).filter(([name, list]) =>
      carriesScopes(security, name, list, below(at, index)),
    )
    if (asked.length > 0)
      scopes.push([
        ...new Set(asked.flatMap(([, list]) => (Array.isArray(list) ? list.flatMap(namesIn) : []))),
      ])
  }
  for (const scope of scopes.flat()) noteScope(security, scope, at)
  // One alternative that asks for a token without any scope is enough for everybody.
  return { scopes: scopes.some((list) => list.length === 0) ? [] : scopes, isAnonymous }
}

/** An unknown scheme that lists scopes counts: leaving it out would ask for less than the document does. */
function carriesScopes(security: Security, name: string, list: unknown, pointer: string): boolean {
  const type = Object.hasOwn(security.schemes, name) ? security.schemes[name]!.type : undefined
  if (type === undefined)
    warn(
      security.report,
      'security-scheme-unknown',
      `No security scheme is called ${name}.`,
      below(pointer, name),
    )
  if (type === undefined) return Array.isArray(list) && list.length > 0
  return type === 'oauth2' || type === 'openIdConnect'
}

/** Two scopes in one string are a frequent slip; a space cannot be part of one. */
function namesIn(entry: unknown): string[] {
  return typeof entry === 'string' ? entry.split(/\s+/).filter(Boolean) : []
}

function noteScope(security: Security, scope: string, pointer: string): void {
  if (Object.hasOwn(security.scopes, scope)) return
  security.scopes[scope] = ''
  if (!Scope.safeParse(scope).success) {
    const detail = `\`${scope.slice(0, 200)}\` is asked for but cannot be a scope (RFC 6749 §3.3): nobody could hold it.`
    security.report.refusals.push({ pointer, detail })
    return
  }
  // OpenID Connect schemes declare theirs at the provider.
  const isDeclaredElsewhere = Object.values(security.schemes).some((s) => s.type === 'openIdConnect')
  if (!isDeclaredElsewhere)
    warn(
      security.report,
      'scope-undeclared',
      `The scope ${scope} is asked for but declared nowhere.`,
      pointer,
    )
}
