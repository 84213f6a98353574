import { Alert, Badge, Group, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useRouteContext, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { maySee } from '../app/navigation.ts'
import type { Session } from '../app/session.ts'
import { Copy } from '../kit/copy.tsx'
import { Delayed, ErrorState } from '../kit/states.tsx'
import { draftOf, parametersOf, writtenOperation } from './call.ts'
import { CodeSamples } from './code-samples.tsx'
import { Markdown } from './markdown.tsx'
import { Method } from './method.tsx'
import { Reference } from './reference.tsx'
import type { Components } from './schema.ts'
import { OperationSkeleton } from './skeleton.tsx'
import {
  type Documentation,
  indexQuery,
  type OperationDocumentation,
  operationQuery,
  useSource,
} from './source.tsx'
import tabs from './tabs.module.css'
import { TryIt } from './try-it.tsx'
import { allViews, viewOf } from './views.ts'

const Classic = lazy(() => import('./classic.tsx').then(({ Classic }) => ({ default: Classic })))

/** All about one operation: read it, try it, take it home as code. */
export function OperationPage() {
  const source = useSource()
  const { operation: id = '' } = useParams({ strict: false }) as { operation?: string }
  const found = useQuery(operationQuery(source, id))
  const index = useQuery(indexQuery(source))
  if (found.isPending || !index.data)
    return (
      <Delayed>
        <OperationSkeleton />
      </Delayed>
    )
  if (!found.data) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  // What was filled in for one operation means nothing to the next.
  return <Loaded key={id} found={found.data} documentation={index.data} />
}

interface LoadedProps {
  readonly found: OperationDocumentation
  readonly documentation: Documentation
}

function Loaded({ found, documentation }: LoadedProps) {
  const { t } = useTranslation('docs')
  const navigate = useNavigate()
  const view = viewOf((useSearch({ strict: false }) as { view?: string }).view) ?? 'reference'
  const [draft, setDraft] = useState(() => draftOf(found))
  const [components, setComponents] = useState(found.document.components as Components)
  const written = useMemo(() => writtenOperation(found), [found])
  const parameters = useMemo(() => parametersOf(written, components), [written, components])
  const { operation } = found
  const title = operation.summary || operation.id
  useEffect(() => {
    document.title = title
  }, [title])
  const mayTry = useMayTry()
  const shownViews = allViews.filter((one) => one !== 'try' || mayTry)
  const setView = (next: string | null) =>
    void navigate({
      to: '.',
      search: next === 'reference' ? {} : { view: viewOf(next) },
      replace: true,
      resetScroll: false,
    })
  const shared = { found, documentation, parameters, draft, setDraft }
  return (
    <article>
      <Title order={1}>{title}</Title>
      <Group gap="xs" my="xs">
        <Method name={operation.method} size="md" />
        <Copy value={operation.path} />
        {operation.isDeprecated && (
          <Badge color="orange" variant="light">
            {t('deprecated')}
          </Badge>
        )}
      </Group>
      {operation.isDeprecated && (
        <Alert color="orange" mb="sm">
          {t('deprecatedDetail')}
        </Alert>
      )}
      <Markdown text={String(written.description ?? '')} />
      <Scopes alternatives={operation.scopes} />
      <Tabs value={view} onChange={setView} mt="md" keepMounted={false}>
        <Tabs.List mb="md" className={tabs.list}>
          {shownViews.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`view.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="reference">
          <Reference
            written={written}
            parameters={parameters}
            examples={found.exampleAnswers}
            components={components}
            onComponents={setComponents}
          />
        </Tabs.Panel>
        {mayTry && (
          <Tabs.Panel value="try">
            <TryIt {...shared} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="code">
          <CodeSamples {...shared} />
        </Tabs.Panel>
        <Tabs.Panel value="classic">
          <Suspense>
            <Classic document={found.document} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </article>
  )
}

/** Who may only look has no use for a form. */
function useMayTry(): boolean {
  const { triesWith } = useSource()
  const { session } = useRouteContext({ from: '/framed' }) as { session: Session }
  const { partner } = useParams({ strict: false })
  const membership = session.partners.find((one) => one.name === partner || one.id === partner)
  return maySee(partner === undefined ? session.permissions : (membership?.permissions ?? []), triesWith)
}

function Scopes({ alternatives }: { readonly alternatives: readonly (readonly string[])[] }) {
  const { t } = useTranslation('docs')
  if (alternatives.length === 0) return null
  const text = alternatives.map((list) => list.join(' + ')).join(` ${t('or')} `)
  return (
    <Text fz="sm" c="dimmed" mt="xs">
      {t('needsScopes')}{' '}
      <Text span ff="monospace" fz="sm">
        {text}
      </Text>
    </Text>
  )
}
