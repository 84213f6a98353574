import { Alert, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Versioned } from '../../api/client.ts'
import { problemOf } from '../../api/problem.ts'
import { maySee } from '../../app/navigation.ts'
import { useSession } from '../../app/use-session.ts'
import { DiffList } from '../../kit/diff-list.tsx'
import { Page } from '../../kit/page.tsx'
import { ReviewChange } from '../../kit/review-change.tsx'
import { ErrorState } from '../../kit/states.tsx'
import { EditStrategy, EditTarget } from './edit.tsx'
import {
  healthQuery,
  publishUpstream,
  readUpstream,
  saveUpstream,
  type Target,
  type Upstream,
  upstreamQuery,
  waitingQuery,
} from './queries.ts'
import { Targets } from './targets.tsx'

/** What is about to be changed, and how it is put in words. */
interface Pending {
  readonly title: string
  readonly change: (value: Upstream) => Upstream
  /** Whether gateways hear of it at once. */
  readonly isUrgent: boolean
}
type Editing =
  | { readonly kind: 'target'; readonly target: Target | undefined }
  | { readonly kind: 'strategy' }

export function Backend() {
  const { backend } = useParams({ strict: false }) as { backend: string }
  const { t } = useTranslation('backends')
  const upstream = useQuery(upstreamQuery(backend))
  if (upstream.error && !upstream.data)
    return <ErrorState error={upstream.error} onRetry={() => void upstream.refetch()} />
  if (!upstream.data) return null
  const { value } = upstream.data
  return (
    <Page
      title={value.title || value.name}
      description={t('described', { name: value.name, count: value.targets.length })}
      crumbs={[{ title: t('title'), to: '/admin/backends' }]}
    >
      <Detail stored={upstream.data} />
    </Page>
  )
}

function Detail({ stored }: { readonly stored: Versioned<Upstream> }) {
  const { t } = useTranslation('backends')
  const { permissions } = useSession()
  const client = useQueryClient()
  const { value } = stored
  const mayWrite = maySee(permissions, 'write')
  const mayPublish = maySee(permissions, 'publish')
  const health = useQuery(healthQuery(value.id))
  const waiting = useQuery({ ...waitingQuery(value.id, stored.etag), enabled: mayPublish })
  const [pending, setPending] = useState<Pending>()
  const [editing, setEditing] = useState<Editing>()
  const refresh = () => client.invalidateQueries({ queryKey: ['upstreams'] })
  const withTarget = (id: string, change: (target: Target) => Target) => (from: Upstream) => ({
    ...from,
    targets: from.targets.map((one) => (one.id === id ? change(one) : one)),
  })
  const begin = (title: string, change: Pending['change'], isUrgent = false) => {
    setEditing(undefined)
    setPending({ title, change, isUrgent })
  }
  return (
    <Stack gap="md">
      <Settings upstream={value} {...(mayWrite && { onEdit: () => setEditing({ kind: 'strategy' }) })} />
      {waiting.data && waiting.data.length > 0 && <Waiting upstream={value} differences={waiting.data} />}
      <Group justify="space-between">
        <Title order={2}>{t('field.targets')}</Title>
        {mayWrite && (
          <Button
            variant="default"
            size="xs"
            onClick={() => setEditing({ kind: 'target', target: undefined })}
          >
            {t('target.add')}
          </Button>
        )}
      </Group>
      <Targets
        upstream={value}
        health={health.data?.targets ?? []}
        mayWrite={mayWrite}
        onEdit={(target) => setEditing({ kind: 'target', target })}
        onDrain={({ id, isDraining }) =>
          begin(
            t(isDraining ? 'target.takeBackNamed' : 'target.drainNamed', { id }),
            withTarget(id, (one) => ({ ...one, isDraining: !isDraining })),
            true,
          )
        }
        onRemove={({ id }) =>
          begin(t('target.removeNamed', { id }), (from) => ({
            ...from,
            targets: from.targets.filter((one) => one.id !== id),
          }))
        }
      />
      {health.data && health.data.silentGateways.length > 0 && (
        <Text fz="xs" c="dimmed">
          {t('silent', { names: health.data.silentGateways.join(', ') })}
        </Text>
      )}
      {editing?.kind === 'target' && (
        <EditTarget
          target={editing.target}
          taken={value.targets.map(({ id }) => id)}
          onClose={() => setEditing(undefined)}
          onReview={(target) =>
            begin(
              t(editing.target ? 'target.editNamed' : 'target.addNamed', { id: target.id }),
              editing.target
                ? withTarget(editing.target.id, () => target)
                : (from) => ({ ...from, targets: [...from.targets, target] }),
            )
          }
        />
      )}
      {editing?.kind === 'strategy' && (
        <EditStrategy
          upstream={value}
          onClose={() => setEditing(undefined)}
          onReview={(fields) => begin(t('settings.edit'), (from) => ({ ...from, ...fields }))}
        />
      )}
      {pending && (
        <ReviewChange
          title={pending.title}
          base={stored}
          change={pending.change}
          save={async (changed, etag) => {
            await saveUpstream(changed, etag)
            if (pending.isUrgent && mayPublish) await publishUpstream(value.id)
          }}
          reload={() => readUpstream(value.id)}
          label={t(pending.isUrgent && mayPublish ? 'saveAndPublish' : 'saveDraft')}
          onClose={() => setPending(undefined)}
          onDone={() => {
            setPending(undefined)
            void refresh()
          }}
        >
          <Text fz="sm" c="dimmed">
            {t(pending.isUrgent ? (mayPublish ? 'urgent' : 'urgentDraft') : 'draft')}
          </Text>
          {pending.isUrgent && waiting.data && waiting.data.length > 0 && (
            <Alert color="yellow" title={t('goAlong')}>
              <DiffList differences={waiting.data} />
            </Alert>
          )}
        </ReviewChange>
      )}
    </Stack>
  )
}

function Settings({ upstream, onEdit }: { readonly upstream: Upstream; readonly onEdit?: () => void }) {
  const { t } = useTranslation('backends')
  const { strategy, protocol, activeCheck, timeoutMs, maxAttempts } = upstream
  const check = activeCheck
    ? t('check.every', { ...activeCheck, seconds: activeCheck.intervalMs / 1000 })
    : t('check.none')
  const facts = [
    ['strategy', t(`strategy.${strategy}`)],
    ['protocol', t(`protocol.${protocol}`)],
    ['check', check],
    ['timeout', t('timeout', { seconds: timeoutMs / 1000, count: maxAttempts })],
  ] as const
  return (
    <Card withBorder p="md">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg" flex={1} component="dl" m={0}>
          {facts.map(([key, text]) => (
            <div key={key}>
              <Text fz="xs" c="dimmed" component="dt">
                {t(`field.${key}`)}
              </Text>
              <Text fz="sm" component="dd" m={0}>
                {text}
              </Text>
            </div>
          ))}
        </SimpleGrid>
        {onEdit && (
          <Button variant="default" size="xs" onClick={onEdit}>
            {t('settings.change')}
          </Button>
        )}
      </Group>
    </Card>
  )
}

/** The draft is ahead of what gateways serve. */
function Waiting({
  upstream,
  differences,
}: {
  readonly upstream: Upstream
  readonly differences: Parameters<typeof DiffList>[0]['differences']
}) {
  const { t } = useTranslation('backends')
  const client = useQueryClient()
  const publishing = useMutation({
    mutationFn: () => publishUpstream(upstream.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['upstreams'] }),
  })
  return (
    <Alert color="blue" title={t('waiting', { count: differences.length })}>
      <Stack gap="xs">
        <DiffList differences={differences} />
        {publishing.error && <Text role="alert">{problemOf(publishing.error).detail}</Text>}
        <Group>
          <Button size="xs" loading={publishing.isPending} onClick={() => publishing.mutate()}>
            {t('publish')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
