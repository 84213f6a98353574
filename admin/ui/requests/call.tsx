import { Alert, Code, Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf, type Schemas } from '../api/client.ts'
import { Copy } from '../kit/copy.tsx'
import { Delayed, ErrorState } from '../kit/states.tsx'
import { exactTime } from '../kit/time.tsx'
import { Status } from './requests.tsx'

/** Of the inside of the platform a partner sees nothing. */
interface Explained {
  readonly call: Schemas['PartnerCall'] & Partial<Schemas['LoggedCall']>
  readonly policy: Schemas['EffectivePolicy'] | null
}

/** One call: how it went, and if it was refused, by what and by whose setting. */
export function Call({ id, partner }: { readonly id: string; readonly partner: string | undefined }) {
  const { t, i18n } = useTranslation('requests')
  const found = useQuery({
    queryKey: ['request', partner ?? '', id],
    queryFn: async (): Promise<Explained> =>
      partner === undefined
        ? dataOf(api.GET('/api/requests/{request}', { params: { path: { request: id } } }))
        : {
            ...(await dataOf(
              api.GET('/api/portal/{partner}/requests/{request}', {
                params: { path: { partner, request: id } },
              }),
            )),
            policy: null,
          },
    retry: false,
  })
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (found.isPending) return <Delayed>{t('loading')}</Delayed>
  const { call, policy } = found.data
  const ms = (value: number | null) =>
    value === null ? '–' : t('milliseconds', { value: new Intl.NumberFormat(i18n.language).format(value) })
  const rows: [string, ReactNode][] = [
    ['id', <Copy key="id" value={call.id} />],
    ['at', exactTime(call.at, i18n.language)],
    ['status', <Status key="status" status={call.status} />],
    ['api', call.labels.api || call.api || '–'],
    ['operation', call.operation || '–'],
    ['partner', call.labels.partner || '–'],
    ['application', call.labels.application || '–'],
    ['credential', call.labels.credential || '–'],
    ['environment', call.environment],
    ['ms', ms(call.ms)],
    ['ownMs', ms(call.ownMs)],
    ['upstreamMs', ms(call.upstreamMs)],
    ['attempts', call.attempts],
    ['ip', call.ip],
    ['trace', <Copy key="trace" value={call.trace} />],
    ...(call.upstream
      ? [['target', `${call.labels.upstream ?? call.upstream} · ${call.target ?? ''}`] as [string, ReactNode]]
      : []),
    ...(call.gateway ? [['gateway', call.gateway] as [string, ReactNode]] : []),
  ]
  return (
    <Stack>
      <Text ff="monospace" fz="sm" style={{ overflowWrap: 'anywhere' }}>
        {`${call.method} ${call.path}`}
      </Text>
      {call.problem && (
        <Alert color="orange" title={t('why.title')}>
          <Stack gap={4}>
            <Text fz="sm">{t('why.refused', { code: call.problem })}</Text>
            {call.stoppedBy && <Text fz="sm">{t('why.by', { policy: call.stoppedBy })}</Text>}
            {policy && <Text fz="sm">{t('why.source', { source: policy.source })}</Text>}
            {policy?.config && <Code block>{JSON.stringify(policy.config, null, 2)}</Code>}
            {call.note && (
              <Text fz="xs" c="dimmed">
                {call.note}
              </Text>
            )}
          </Stack>
        </Alert>
      )}
      <Table>
        <Table.Tbody>
          {rows.map(([key, value]) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" fw={500} w={140}>
                {t(`field.${key}`)}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  )
}
