import { Button, Checkbox, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf, type Schemas } from '../../api/client.ts'
import { approvalsQuery } from '../../app/approvals.ts'
import { useSession } from '../../app/use-session.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'

type Approval = Schemas['Approval']

/** P13: what partners asked for, and waits. */
export function Approvals() {
  const { t } = useTranslation('approvals')
  const { permissions } = useSession()
  const mayDecide = permissions.includes('write') || permissions.includes('admin')
  const client = useQueryClient()
  const approvals = useQuery(approvalsQuery)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [declining, setDeclining] = useState<readonly string[]>()
  const decide = useMutation({
    mutationFn: (body: { subscriptions: string[]; isApproved: boolean; reason: string }) =>
      dataOf(api.POST('/api/approvals/decide', { body })),
    onSettled() {
      setChosen([])
      setDeclining(undefined)
      return client.invalidateQueries({ queryKey: ['approvals'] })
    },
  })
  const approve = (subscriptions: readonly string[]) =>
    decide.mutate({ subscriptions: [...subscriptions], isApproved: true, reason: '' })
  const rows = approvals.data?.items ?? []
  return (
    <Page
      title={t('title')}
      description={t('description')}
      actions={
        chosen.length > 0 && (
          <>
            <Button variant="default" onClick={() => setDeclining(chosen)}>
              {t('declineMany', { count: chosen.length })}
            </Button>
            <Button onClick={() => approve(chosen)}>{t('approveMany', { count: chosen.length })}</Button>
          </>
        )
      }
    >
      <ProblemAlert error={decide.error} />
      {decide.data?.failed.map(({ subscription, detail }) => (
        <Text key={subscription} role="alert" fz="sm" c="red">
          {detail}
        </Text>
      ))}
      <DataList<Approval>
        label={t('title')}
        query={approvals}
        rows={rows}
        idOf={({ subscription }) => subscription.id}
        columns={[
          {
            accessor: 'choose',
            title: t('field.choose'),
            render: ({ subscription: { id }, application }) => (
              <Checkbox
                aria-label={t('choose', { name: application?.title ?? id })}
                disabled={!mayDecide}
                checked={chosen.includes(id)}
                onChange={({ currentTarget: { checked } }) =>
                  setChosen(checked ? [...chosen, id] : chosen.filter((one) => one !== id))
                }
              />
            ),
          },
          {
            accessor: 'partner',
            title: t('field.who'),
            render: ({ partner, application, subscription }) => (
              <Stack gap={0}>
                <Text fz="sm" fw={500}>
                  {partner?.title ?? subscription.partnerId}
                </Text>
                <Text fz="xs" c="dimmed">
                  {application?.title ?? subscription.applicationId}
                </Text>
              </Stack>
            ),
          },
          {
            accessor: 'api',
            title: t('field.what'),
            render: ({ api, version, plan }) => (
              <Stack gap={0}>
                <Text fz="sm">
                  {api?.title} {version?.name}
                </Text>
                <Text fz="xs" c="dimmed">
                  {plan?.title ?? t('noPlan')}
                </Text>
              </Stack>
            ),
          },
          {
            accessor: 'note',
            title: t('field.note'),
            render: ({ subscription }) => subscription.request?.note,
          },
          {
            accessor: 'at',
            title: t('field.at'),
            render: ({ subscription }) => (
              <RelativeTime at={subscription.request?.at ?? subscription.createdAt} />
            ),
          },
          {
            accessor: 'actions',
            title: t('field.actions'),
            textAlign: 'right',
            render: ({ subscription: { id } }) =>
              mayDecide && (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  <Button size="xs" variant="default" onClick={() => setDeclining([id])}>
                    {t('decline')}
                  </Button>
                  <Button size="xs" variant="light" loading={decide.isPending} onClick={() => approve([id])}>
                    {t('approve')}
                  </Button>
                </Group>
              ),
          },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
      {declining && (
        <Decline
          isBusy={decide.isPending}
          onClose={() => setDeclining(undefined)}
          onDecline={(reason) => decide.mutate({ subscriptions: [...declining], isApproved: false, reason })}
        />
      )}
    </Page>
  )
}

interface DeclineProps {
  readonly isBusy: boolean
  readonly onClose: () => void
  readonly onDecline: (reason: string) => void
}

function Decline({ isBusy, onClose, onDecline }: DeclineProps) {
  const { t } = useTranslation('approvals')
  const [reason, setReason] = useState('')
  return (
    <Modal opened onClose={onClose} title={t('decline')} closeButtonProps={{ 'aria-label': t('cancel') }}>
      <Stack gap="sm">
        <Textarea
          label={t('reason')}
          description={t('reasonHelp')}
          autosize
          minRows={2}
          maxLength={1_000}
          data-autofocus
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button
            color="red"
            loading={isBusy}
            disabled={reason.trim() === ''}
            onClick={() => onDecline(reason.trim())}
          >
            {t('decline')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
