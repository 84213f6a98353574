import { Card, SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { Page } from '../../kit/page.tsx'
import { ErrorState } from '../../kit/states.tsx'

export function Overview() {
  const { t } = useTranslation('overview')
  const status = useQuery({
    queryKey: ['status'],
    queryFn: () => dataOf(api.GET('/api/status')),
    refetchInterval: 5_000,
  })
  if (status.error && !status.data)
    return <ErrorState error={status.error} onRetry={() => void status.refetch()} />
  const { snapshot = 0, gateways, store } = status.data ?? {}
  const tiles = [
    { key: 'snapshot', value: String(snapshot) },
    { key: 'gateways', value: gateways ? t('ofGateways', gateways) : '–' },
    { key: 'store', value: store ? t('milliseconds', { value: store.latencyMs }) : '–' },
  ]
  return (
    <Page title={t('title')}>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        {tiles.map(({ key, value }) => (
          <Card key={key} withBorder p="md">
            <Text fz="xs" c="dimmed">
              {t(`tile.${key}`)}
            </Text>
            <Text fz={24} fw={600} className="numbers">
              {value}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
    </Page>
  )
}
