import { Button, Card, Group, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Copy } from '../../kit/copy.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { verdictQuery } from './queries.ts'

/** Whether the chain of the audit holds: the badge, what it rests on, and the newest link, to be noted elsewhere. */
export function Verdict() {
  const { t, i18n } = useTranslation('audit')
  const verdict = useQuery(verdictQuery)
  const { data } = verdict
  const number = new Intl.NumberFormat(i18n.language)
  if (!data) return <Skeleton height={52} visible={verdict.isPending} />
  const { broken, late, head, linked } = data
  return (
    <Card withBorder px="md" py="xs">
      <Group justify="space-between" gap="sm">
        <Group gap="sm" role="status">
          <StateBadge
            tone={broken ? 'bad' : late ? 'warning' : 'good'}
            label={t(broken ? 'verdict.broken' : 'verdict.whole')}
          />
          <Text fz="sm">
            {broken
              ? t(`verdict.${broken.reason}`, { id: broken.id })
              : t('verdict.linked', { count: linked, shown: number.format(linked) })}
          </Text>
          {late && (
            <Text fz="xs" c="dimmed">
              {t('verdict.late', { count: late.count, shown: number.format(late.count), id: late.firstId })}
            </Text>
          )}
        </Group>
        <Group gap="sm">
          {head && (
            <Group gap={4} wrap="nowrap">
              <Text fz="xs" c="dimmed">
                {t('verdict.link')}
              </Text>
              <Copy value={head.link} label={`…${head.link.slice(-8)}`} />
            </Group>
          )}
          <Button
            variant="default"
            size="xs"
            loading={verdict.isFetching}
            onClick={() => void verdict.refetch()}
          >
            {t('verdict.again')}
          </Button>
        </Group>
      </Group>
    </Card>
  )
}
