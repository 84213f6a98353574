import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { segmentsOf } from './tree.ts'

/** Finds lines (from 1) of JSON pointers in a text of YAML or JSON. The text is parsed at the first question only. */
export function lineFinder(text: string): (pointer: string) => number | undefined {
  const lineCounter = new LineCounter()
  let document: Document | undefined
  return (pointer) => {
    document ??= parseDocument(text, {
      lineCounter,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    })
    const offset = offsetOf(document, pointer)
    return offset === undefined ? undefined : lineCounter.linePos(offset).line
  }
}

function offsetOf(document: Document, pointer: string): number | undefined {
  let node: unknown = document.contents
  let offset = isNode(node) ? node.range?.[0] : undefined
  for (const segment of segmentsOf(pointer)) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === segment)
      if (!pair) break
      offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(segment)]
      if (!isNode(node)) break
      offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}
