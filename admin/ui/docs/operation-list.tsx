import { ScrollArea, Text, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { Link, useParams } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Method } from './method.tsx'
import classes from './operation-list.module.css'
import { type Documentation, type Operation, useSource } from './source.tsx'

type Line = { readonly tag: string } | { readonly operation: Operation }

/** All operations by tag. Documents have hundreds, so only what is seen is drawn. */
export function OperationList({ documentation }: { readonly documentation: Documentation }) {
  const { t } = useTranslation('docs')
  const { base } = useSource()
  const { operation: current } = useParams({ strict: false }) as { operation?: string }
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text)
  const field = useRef<HTMLInputElement>(null)
  const viewport = useRef<HTMLDivElement>(null)
  useHotkeys([['/', () => field.current?.focus()]])
  const lines = useMemo(() => linesOf(documentation, wanted), [documentation, wanted])
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => 44,
    overscan: 8,
    getItemKey: (i) => keyOf(lines[i]!),
  })
  useEffect(() => {
    const at = lines.findIndex((line) => 'operation' in line && line.operation.id === current)
    if (at >= 0) rows.scrollToIndex(at, { align: 'auto' })
  }, [current, lines, rows])
  return (
    <nav aria-label={t('index')} className={classes.list}>
      <UnstyledButton
        component={Link}
        to={base}
        className={classes.home}
        activeOptions={{ exact: true }}
        activeProps={{ 'data-active': true }}
      >
        {t('overview')}
      </UnstyledButton>
      <TextInput
        ref={field}
        size="xs"
        my={8}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        placeholder={t('search')}
        aria-label={t('search')}
        leftSection={<IconSearch size={14} aria-hidden />}
      />
      <VisuallyHidden role="status">
        {wanted && t('found', { count: lines.filter((line) => 'operation' in line).length })}
      </VisuallyHidden>
      {lines.length === 0 && (
        <Text c="dimmed" fz="sm" p="xs">
          {t('noneFound')}
        </Text>
      )}
      <ScrollArea viewportRef={viewport} flex={1} mih={0} viewportProps={{ tabIndex: -1 }}>
        <div className={classes.canvas} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const line = lines[index]!
            return (
              <div
                key={key}
                ref={rows.measureElement}
                data-index={index}
                className={classes.line}
                style={{ transform: `translateY(${start}px)` }}
              >
                {'tag' in line ? (
                  <Text className={classes.tag}>{line.tag || t('untagged')}</Text>
                ) : (
                  <Entry operation={line.operation} isCurrent={line.operation.id === current} />
                )}
              </div>
            )
          })}
        </div>
      </ScrollArea>
    </nav>
  )
}

function Entry({ operation, isCurrent }: { readonly operation: Operation; readonly isCurrent: boolean }) {
  const { base } = useSource()
  const { id, method, path, summary, isDeprecated } = operation
  return (
    <UnstyledButton
      component={Link}
      to={`${base}/operations/${encodeURIComponent(id)}`}
      className={classes.entry}
      data-active={isCurrent || undefined}
      aria-current={isCurrent ? 'page' : undefined}
    >
      <Method name={method} size="xs" />
      <span className={classes.words} data-deprecated={isDeprecated || undefined}>
        <span className={classes.summary}>{summary || path}</span>
        {summary && <span className={classes.path}>{path}</span>}
      </span>
    </UnstyledButton>
  )
}

const keyOf = (line: Line) => ('tag' in line ? `tag ${line.tag}` : `${line.operation.id}`)

/** Tags in the document's order, then those that it does not list. An operation stands under its first. */
function linesOf({ tags, operations }: Documentation, text: string): Line[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const byTag = new Map<string, Operation[]>(tags.map(({ name }) => [name, []]))
  for (const operation of operations) {
    const hay = `${operation.method} ${operation.path} ${operation.summary} ${operation.id} ${operation.tags.join(' ')}`
    if (!words.every((word) => hay.toLowerCase().includes(word))) continue
    const tag = operation.tags[0] ?? ''
    byTag.set(tag, [...(byTag.get(tag) ?? []), operation])
  }
  const groups = [...byTag].filter(([, list]) => list.length > 0)
  const isFlat = groups.length === 1 && groups[0]![0] === ''
  return groups.flatMap(([tag, list]) => [
    ...(isFlat ? [] : [{ tag }]),
    ...list.map((operation) => ({ operation })),
  ])
}
