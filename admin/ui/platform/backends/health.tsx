import { Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { StateBadge, type Tone } from '../../kit/state-badge.tsx'
import { RelativeTime, relativeTime } from '../../kit/time.tsx'
import type { NodeHealth, Target, TargetHealth } from './queries.ts'

type State = NodeHealth['state']

const tones: Record<State, Tone> = {
  healthy: 'good',
  warming: 'good',
  'half-open': 'warning',
  held: 'warning',
  draining: 'quiet',
  ejected: 'bad',
  open: 'bad',
  unhealthy: 'bad',
}
/** From the worst on: what a target is where gateways find it in different states. */
const byGravity: readonly State[] = [
  ...(['unhealthy', 'open', 'ejected', 'held', 'half-open', 'draining', 'warming', 'healthy'] as const),
]

export const worstOf = ({ gateways }: Pick<TargetHealth, 'gateways'>): State | undefined =>
  byGravity.find((state) => gateways.some((one) => one.state === state))

export const takesCalls = (state: State | undefined) => state === 'healthy' || state === 'warming'

export function TargetState({ state }: { readonly state: State | undefined }) {
  const { t } = useTranslation('backends')
  return <StateBadge tone={state ? tones[state] : 'quiet'} label={t(`state.${state ?? 'unknown'}`)} />
}

/** How each gateway finds a target: health is each gateway's own, and may differ. */
export function NodesHealth({ gateways }: { readonly gateways: readonly NodeHealth[] }) {
  const { t, i18n } = useTranslation('backends')
  if (gateways.length === 0)
    return (
      <Text fz="xs" c="dimmed">
        {t('noReports')}
      </Text>
    )
  return (
    <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
      {gateways.map((one) => (
        <Group component="li" key={one.gatewayId} gap={8} wrap="wrap">
          <TargetState state={one.state} />
          <Text fz="xs" ff="monospace" span title={one.gatewayId}>
            {shortened(one.gatewayId)}
          </Text>
          <Text fz="xs" c="dimmed" span>
            {one.reason !== '' && `${t(`reason.${one.reason}`, { defaultValue: one.reason })} · `}
            {one.since > 0 && <RelativeTime at={one.since} />}
          </Text>
          <Text fz="xs" c="dimmed" span>
            {t('heard', { when: relativeTime(Math.min(0, one.at - Date.now()), i18n.language) })}
          </Text>
        </Group>
      ))}
    </Stack>
  )
}

const shortened = (id: string) => (id.length > 22 ? `${id.slice(0, 10)}…${id.slice(-8)}` : id)

/** Of the calls that are new, by the weights of the targets that take any; by what a draft says of drains. */
export function shareOf(target: Target, targets: readonly Target[], health: readonly TargetHealth[]): number {
  const weightOf = (one: Target) => {
    const state = worstOf(health.find(({ id }) => id === one.id) ?? { gateways: [] })
    const isOut = one.isDraining || (state !== undefined && !takesCalls(state))
    return isOut ? 0 : one.weight
  }
  const all = targets.reduce((sum, one) => sum + weightOf(one), 0)
  return all === 0 ? 0 : weightOf(target) / all
}
