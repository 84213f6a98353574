import { ActionIcon, Button, Code, Group, Menu, Progress, Stack, Text, VisuallyHidden } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { DataList } from '../../kit/data-list.tsx'
import { NodesHealth, shareOf } from './health.tsx'
import type { Target, TargetHealth, Upstream } from './queries.ts'

interface TargetsProps {
  readonly upstream: Upstream
  readonly health: readonly TargetHealth[]
  readonly mayWrite: boolean
  readonly onEdit: (target: Target) => void
  /** Drains it, or where it drains already takes it back. */
  readonly onDrain: (target: Target) => void
  readonly onRemove: (target: Target) => void
}

export function Targets({ upstream, health, mayWrite, onEdit, onDrain, onRemove }: TargetsProps) {
  const { t, i18n } = useTranslation('backends')
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 0 })
  const healthOf = ({ id }: Target) => health.find((one) => one.id === id)
  return (
    <DataList
      label={t('field.targets')}
      query={{ isPending: false, error: null, data: upstream, refetch: (async () => {}) as never }}
      rows={upstream.targets}
      columns={[
        {
          accessor: 'id',
          title: t('field.target'),
          render: ({ id, url }) => (
            <Stack gap={2} align="flex-start">
              <Text fz="sm" fw={500}>
                {id}
              </Text>
              <Code fz={12}>{url}</Code>
            </Stack>
          ),
        },
        {
          accessor: 'weight',
          title: t('field.share'),
          width: 150,
          render: (target) => {
            const share = shareOf(target, upstream.targets, health)
            return (
              <Stack gap={4}>
                <Text fz="sm" className="numbers">
                  {percent.format(share)}
                </Text>
                <Progress value={share * 100} size="sm" aria-label={t('field.share')} />
                <Text fz="xs" c="dimmed">
                  {t('weight', { weight: target.weight })}
                </Text>
              </Stack>
            )
          },
        },
        {
          accessor: 'inFlight',
          title: t('field.inFlight'),
          textAlign: 'right',
          render: (target) => <InFlight target={target} health={healthOf(target)} />,
        },
        {
          accessor: 'health',
          title: t('field.health'),
          render: (target) => <NodesHealth gateways={healthOf(target)?.gateways ?? []} />,
        },
        {
          accessor: 'actions',
          title: <VisuallyHidden>{t('field.actions')}</VisuallyHidden>,
          textAlign: 'right',
          hidden: !mayWrite,
          render: (target) => (
            <Group gap={4} justify="flex-end" wrap="nowrap">
              <Button
                variant="default"
                size="compact-xs"
                onClick={() => onDrain(target)}
                aria-label={t(target.isDraining ? 'target.takeBackNamed' : 'target.drainNamed', {
                  id: target.id,
                })}
              >
                {t(target.isDraining ? 'target.takeBack' : 'target.drain')}
              </Button>
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon variant="subtle" color="gray" aria-label={t('target.more', { id: target.id })}>
                    <IconDots size={16} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => onEdit(target)}>{t('target.edit')}</Menu.Item>
                  <Menu.Item
                    color="red"
                    disabled={upstream.targets.length === 1}
                    onClick={() => onRemove(target)}
                  >
                    {t('target.remove')}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </Group>
          ),
        },
      ]}
      empty={null}
    />
  )
}

/** Calls under way; of a target that drains, how many it still waits for. */
function InFlight({
  target,
  health,
}: {
  readonly target: Target
  readonly health: TargetHealth | undefined
}) {
  const { t } = useTranslation('backends')
  const inFlight = health?.inFlight ?? 0
  const isHeard = health?.gateways.every(({ state }) => state === 'draining') ?? false
  const note = !target.isDraining
    ? undefined
    : !isHeard
      ? 'drain.notHeard'
      : inFlight > 0
        ? 'drain.waits'
        : 'drain.done'
  return (
    <Stack gap={2} align="flex-end">
      <Text fz="sm" className="numbers">
        {inFlight}
      </Text>
      {note && (
        <Text fz="xs" c="dimmed" role="status">
          {t(note, { count: inFlight })}
        </Text>
      )}
    </Stack>
  )
}
