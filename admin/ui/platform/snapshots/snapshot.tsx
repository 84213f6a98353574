import { Alert, Button, Group, Modal, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { useSession } from '../../app/use-session.ts'
import { Page } from '../../kit/page.tsx'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { ErrorState } from '../../kit/states.tsx'
import { SnapshotChanges } from './diff.tsx'
import { diffQuery, rollBack, snapshotsQuery } from './queries.ts'

/** A snapshot: what it changed, and the way back to it. */
export function Snapshot() {
  const number = Number((useParams({ strict: false }) as { number: string }).number)
  const { t } = useTranslation('snapshots')
  const { permissions } = useSession()
  const diff = useQuery(diffQuery(number))
  const snapshots = useInfiniteQuery(snapshotsQuery)
  const current = snapshots.data?.pages.flatMap(({ items }) => items).find(({ isCurrent }) => isCurrent)
  const [isAsked, setAsked] = useState(false)
  if (diff.error) return <ErrorState error={diff.error} onRetry={() => void diff.refetch()} />
  const isCurrent = current?.number === number
  return (
    <Page
      title={t('named', { number })}
      crumbs={[{ title: t('title'), to: '/admin/snapshots' }]}
      actions={
        isCurrent ? (
          <StateBadge tone="good" label={t('current')} />
        ) : (
          current !== undefined &&
          maySee(permissions, 'publish') && (
            <Button size="xs" variant="default" onClick={() => setAsked(true)}>
              {t('rollBack')}
            </Button>
          )
        )
      }
    >
      <Title order={2}>{t('changed', { number: number - 1 })}</Title>
      {diff.data ? <SnapshotChanges diff={diff.data.diff} /> : <Skeleton height={120} />}
      {isAsked && current && (
        <RollBack number={number} current={current.number} onClose={() => setAsked(false)} />
      )}
    </Page>
  )
}

interface RollBackProps {
  readonly number: number
  readonly current: number
  readonly onClose: () => void
}

/** What gateways would serve instead, before they do. */
function RollBack({ number, current, onClose }: RollBackProps) {
  const { t } = useTranslation(['snapshots', 'change'])
  const client = useQueryClient()
  const [note, setNote] = useState('')
  const diff = useQuery(diffQuery(number, current))
  const rolling = useMutation({
    mutationFn: () => rollBack(number, note),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ['snapshots'], exact: true })
      onClose()
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('rollBackTo', { number })}
      closeButtonProps={{ 'aria-label': t('change:cancel') }}
    >
      <Stack gap="sm">
        <Text fz="sm">{t('rollBackMeans', { number, current })}</Text>
        {diff.data ? <SnapshotChanges diff={diff.data.diff} /> : <Skeleton height={80} />}
        {diff.error && <Alert color="red">{t('diffFailed')}</Alert>}
        <TextInput
          label={t('field.note')}
          description={t('noteHelp')}
          value={note}
          maxLength={1_000}
          data-autofocus
          onChange={({ currentTarget: { value } }) => setNote(value)}
        />
        <ProblemAlert error={rolling.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('change:cancel')}
          </Button>
          <Button loading={rolling.isPending} disabled={!diff.data} onClick={() => rolling.mutate()}>
            {t('rollBackNow')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
