import type { ImportedDocument, Operation } from '../model.ts'
import { operationsOf, pathItems } from './paths.ts'
import type { GatewayView } from './run.ts'
import { isTree, own, type Tree, treeAt } from './tree.ts'

export type Contract = Pick<ImportedDocument, 'dialect' | 'scopes' | 'operations'>

/**
 * The document with the gateway as its server, and with the ways to prove who calls that the gateway really knows.
 * All else stays. Changes the tree that it is given.
 */
export function pointToGateway(tree: Tree, document: Contract, options: GatewayView): Tree {
  const server = new URL(options.serverUrl)
  const tokenUrl = tokenUrlOf(options)
  if (options.title !== undefined) tree.info = { ...treeAt(tree, 'info'), title: options.title }
  if (document.dialect === '2.0') {
    tree.schemes = [server.protocol.slice(0, -1)]
    tree.host = server.host
    tree.basePath = server.pathname.replace(/(?<=.)\/$/, '')
    tree.securityDefinitions = {
      apiKey,
      oauth2: { type: 'oauth2', flow: 'application', tokenUrl, scopes: document.scopes },
    }
  } else {
    tree.servers = [{ url: options.serverUrl.replace(/\/$/, '') }]
    const securitySchemes = schemesFor(tokenUrl, document.scopes)
    tree.components = { ...treeAt(tree, 'components'), securitySchemes }
  }
  tree.security = securityFor([])
  replaceSecurity(tree, document.operations)
  return tree
}

/** The schemes and the security of one operation, as an OpenAPI 3 document of it alone has them. */
export function gatewaySecurity(options: GatewayView, operation: Operation) {
  const scopes = Object.fromEntries(operation.scopes.flat().map((scope) => [scope, '']))
  return {
    schemes: schemesFor(tokenUrlOf(options), scopes),
    security: securityFor(operation.scopes),
  }
}

const tokenUrlOf = ({ tokenUrl, serverUrl }: GatewayView) =>
  tokenUrl ?? new URL('/oauth2/token', serverUrl).href

const schemesFor = (tokenUrl: string, scopes: Readonly<Record<string, string>>) => ({
  apiKey,
  oauth2: { type: 'oauth2', flows: { clientCredentials: { tokenUrl, scopes } } },
})

const apiKey = { type: 'apiKey', in: 'header', name: 'X-API-Key' }

/** A key or a token; each alternative of scopes in turn. Keys have scopes too, which a document cannot say. */
function securityFor(scopes: Operation['scopes']): Tree[] {
  const lists = scopes.length > 0 ? scopes : [[]]
  return [{ apiKey: [] }, ...lists.map((oauth2) => ({ oauth2 }))]
}

function replaceSecurity(tree: Tree, operations: readonly Operation[]): void {
  const scopesOf = new Map(operations.map((o) => [`${o.method} ${o.path}`, o.scopes]))
  for (const item of pathItems(tree)) {
    for (const layer of item.layers) delete layer.tree.servers
    for (const { method, tree: operation } of operationsOf(item)) {
      // Servers of single operations would lead around the gateway.
      delete operation.servers
      if (Array.isArray(own(operation, 'schemes'))) delete operation.schemes
      const scopes = scopesOf.get(`${method} ${item.path}`) ?? []
      if (scopes.length > 0) operation.security = securityFor(scopes)
      else delete operation.security
    }
  }
  for (const hook of Object.values(treeAt(tree, 'webhooks'))) forgetSecurity(hook)
}

/** Webhooks name schemes that are gone now. */
function forgetSecurity(item: unknown): void {
  if (!isTree(item)) return
  for (const operation of Object.values(item)) if (isTree(operation)) delete operation.security
}
