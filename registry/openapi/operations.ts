import type { Operation } from '../model.ts'
import { operationsOf, type PathItem, pathFault, pathItems, shapeOf, type WrittenOperation } from './paths.ts'
import { type Report, warn } from './report.ts'
import { readRequirement, type Security } from './security.ts'
import { below, isTree, listAt, own, type Tree, textAt, treeAt } from './tree.ts'

const maxIdLength = 300

/** All operations that can be routed. What cannot be is said in the report. */
export function readOperations(root: Tree, security: Security): Operation[] {
  const { report } = security
  const ids = new Map<string, number>()
  const routes = new Map<string, string>()
  const operations: Operation[] = []
  for (const item of pathItems(root)) {
    const fault = pathFault(item.path)
    if (fault) {
      report.refusals.push({ pointer: item.pointer, detail: fault })
      continue
    }
    checkItem(report, item)
    for (const written of operationsOf(item)) {
      const route = `${written.method} ${shapeOf(item.path)}`
      const twin = routes.get(route)
      if (twin !== undefined)
        report.refusals.push({
          pointer: item.pointer,
          detail: `No call can tell ${written.method} ${item.path} from ${twin}.`,
        })
      routes.set(route, item.path)
      operations.push({
        id: uniqueId(report, ids, item.path, written),
        method: written.method,
        path: item.path,
        summary: textAt(written.tree, 'summary'),
        tags: listAt(written.tree, 'tags').filter((tag) => typeof tag === 'string'),
        isDeprecated: own(written.tree, 'deprecated') === true,
        ...readRequirement(security, root, written.tree, written.pointer),
      })
    }
  }
  checkCoverage(root, report, operations.length)
  return operations
}

function uniqueId(
  report: Report,
  ids: Map<string, number>,
  path: string,
  { method, tree, pointer }: WrittenOperation,
): string {
  const given = textAt(tree, 'operationId')
  // Room is left for a suffix.
  const wanted = (given || `${method} ${path}`).slice(0, maxIdLength - 10)
  let id = wanted
  let count = ids.get(wanted) ?? 0
  while (ids.has(id)) id = `${wanted}-${++count}`
  ids.set(wanted, Math.max(count, 1))
  if (id !== wanted) ids.set(id, 1)
  if (given && id !== given) {
    const why = given.startsWith(id) ? 'is too long' : 'is given to more than one operation'
    const message = `The operationId ${given.slice(0, 100)} ${why}; ${method} ${path} is called ${id.slice(0, 100)} here.`
    warn(report, 'operation-id-changed', message, below(pointer, 'operationId'))
  }
  return id
}

function checkItem(report: Report, item: PathItem): void {
  if (item.isBroken) {
    const message = `The operations of ${item.path} were not read: they lie outside of this document, or nowhere.`
    report.findings.push({ severity: 'error', code: 'path-unreadable', message, pointer: item.pointer })
  }
  const names = item.path.match(/\{[^{}/]+\}/g) ?? []
  if (new Set(names).size < names.length)
    warn(report, 'path-parameter-twice', `${item.path} names a parameter twice.`, item.pointer)
  for (const { tree, pointer } of item.layers) {
    const more = treeAt(tree, 'additionalOperations')
    for (const method of ['query', ...Object.keys(more)])
      if (isTree(own(tree, method)) || isTree(own(more, method)))
        warn(
          report,
          'method-not-routed',
          `Calls with ${method.toUpperCase()} ${item.path} are not routed.`,
          pointer,
        )
  }
}

function checkCoverage(root: Tree, report: Report, count: number): void {
  const hasWebhooks = Object.keys(treeAt(root, 'webhooks')).length > 0
  if (!isTree(own(root, 'paths')) && !hasWebhooks)
    report.refusals.push({ pointer: '', detail: 'The document has no `paths`: there is nothing to route.' })
  else if (count === 0)
    warn(report, 'no-operations', 'The document has no operation that a partner could call.', '/paths')
  if (hasWebhooks)
    warn(
      report,
      'webhooks-not-routed',
      'Webhooks are calls to partners; the gateway does not route them.',
      '/webhooks',
    )
}
