import { createHash } from 'node:crypto'
import type { Finding, ImportedDocument } from '../model.ts'
import { readOperations } from './operations.ts'
import { type Parsed, parseDocumentText, withLine } from './parse.ts'
import { checkRefs } from './refs.ts'
import { refusal } from './refusal.ts'
import { newReport, type Report } from './report.ts'
import { readSecurity } from './security.ts'
import { isTree, listAt, own, type Tree, textAt, treeAt } from './tree.ts'

/** A revision keeps its findings; past this many they tell nobody anything new. */
const maxFindings = 500

export interface Reading {
  readonly document: ImportedDocument
  readonly parsed: Parsed
}

/** Takes from a document all that routing and authorising need. @throws Problem document-invalid */
export function readBytes(bytes: Uint8Array): Reading {
  const parsed = parseDocumentText(bytes)
  const { tree, format } = parsed
  const { dialect, security, operations, report } = readParts(parsed)
  const document: ImportedDocument = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    format,
    dialect,
    title: textAt(treeAt(tree, 'info'), 'title'),
    version: textAt(treeAt(tree, 'info'), 'version'),
    servers: dialect === '2.0' ? serversOfV2(tree) : serversOfV3(tree),
    securitySchemes: security.schemes,
    scopes: security.scopes,
    operations,
    findings: withLines([...report.findings, ...checkRefs(tree)], parsed),
  }
  return { document, parsed }
}

/** @throws Problem document-invalid when the document cannot be routed */
export function readParts({ tree, lineOf }: Parsed) {
  const report = newReport()
  const dialect = readDialect(tree, report)
  const security = readSecurity(tree, report)
  const operations = dialect ? readOperations(tree, security) : []
  if (report.refusals.length > 0 || !dialect)
    throw refusal(report.refusals.slice(0, 100).map((r) => ({ ...r, ...withLine(lineOf(r.pointer)) })))
  return { dialect, security, operations, report }
}

/** Adds lines, and cuts what is too much to read. */
export function withLines(findings: readonly Finding[], parsed: Parsed): Finding[] {
  const kept = findings
    .slice(0, maxFindings)
    .map((f) => ({ ...f, ...(f.pointer && withLine(parsed.lineOf(f.pointer))) }))
  const left = findings.length - kept.length
  if (left > 0)
    kept.push({ severity: 'warning', code: 'more-findings', message: `And ${left} more.`, pointer: '' })
  return kept
}

function readDialect(tree: Tree, report: Report): ImportedDocument['dialect'] | undefined {
  const swagger = textAt(tree, 'swagger')
  const openapi = textAt(tree, 'openapi')
  if (swagger === '2.0' || swagger === '2') return '2.0'
  // Without quotes YAML reads 3.0 as the number 3.
  const known = /^3\.([012])(\.|$)/.exec(openapi === '3' ? '3.0' : openapi)
  if (known) return `3.${known[1]}` as ImportedDocument['dialect']
  const pointer = openapi ? '/openapi' : swagger ? '/swagger' : ''
  const found = openapi || swagger
  const detail = found
    ? `Version ${found.slice(0, 50)} is not known. Known are swagger 2.0 and openapi 3.0, 3.1 and 3.2.`
    : 'This is not an OpenAPI document: neither `openapi` nor `swagger` says its version.'
  report.refusals.push({ pointer, detail })
  return undefined
}

function serversOfV2(tree: Tree): string[] {
  const host = textAt(tree, 'host')
  const basePath = textAt(tree, 'basePath')
  if (!host) return basePath ? [basePath] : []
  const schemes = listAt(tree, 'schemes').filter((scheme) => typeof scheme === 'string')
  return (schemes.length > 0 ? schemes : ['https']).map((scheme) => `${scheme}://${host}${basePath}`)
}

/** Variables stand at their defaults. */
function serversOfV3(tree: Tree): string[] {
  return listAt(tree, 'servers').flatMap((server) => {
    if (!isTree(server) || typeof own(server, 'url') !== 'string') return []
    const variables = treeAt(server, 'variables')
    return [
      textAt(server, 'url').replace(
        /\{([^{}]+)\}/g,
        (whole, name) => textAt(treeAt(variables, name), 'default') || whole,
      ),
    ]
  })
}
