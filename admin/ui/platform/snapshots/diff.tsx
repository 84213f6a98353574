import { Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { DiffList } from '../../kit/diff-list.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import type { SnapshotDiff } from './queries.ts'

const tones = { added: 'good', removed: 'bad', changed: 'warning' } as const

/** What one snapshot has that another has not, thing by thing. */
export function SnapshotChanges({ diff }: { readonly diff: SnapshotDiff }) {
  const { t } = useTranslation('snapshots')
  if (diff.entries.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t('same')}
      </Text>
    )
  return (
    <Stack gap="md">
      {diff.entries.map(({ noun, id, name, change, fields, sharedWith }) => (
        <Stack key={`${noun} ${id}`} gap={6}>
          <Group gap="xs">
            <StateBadge tone={tones[change]} label={t(`change.${change}`)} />
            <Text fz="sm" fw={500}>
              {name}
            </Text>
            <Text fz="xs" c="dimmed">
              {t(`noun.${noun}`, { defaultValue: noun })}
            </Text>
            {sharedWith.length > 0 && (
              <Text fz="xs" c="dimmed">
                {t('reaches', { names: sharedWith.join(', ') })}
              </Text>
            )}
          </Group>
          {fields.length > 0 && (
            <DiffList
              differences={fields.map(({ pointer, before, after }) => ({
                path: pointer.slice(1).replaceAll('/', '.'),
                before,
                after,
              }))}
            />
          )}
        </Stack>
      ))}
    </Stack>
  )
}
