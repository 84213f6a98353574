import { ActionIcon, Menu, Stack, Text, VisuallyHidden } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { DataList } from '../../kit/data-list.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import type { Credential } from '../queries.ts'
import { Revoke } from './revoke.tsx'
import { Rotate } from './rotate.tsx'

interface CredentialsProps {
  readonly query: Pick<UseQueryResult, 'isPending' | 'error' | 'refetch' | 'data'>
  readonly credentials: readonly Credential[]
  readonly mayChange: boolean
}

/** Keys and clients: each by its name and its first and last characters, never more. */
export function Credentials({ query, credentials, mayChange }: CredentialsProps) {
  const { t } = useTranslation('portal')
  const [doing, setDoing] = useState<{ what: 'rotate' | 'revoke'; credential: Credential } | null>(null)
  const close = () => setDoing(null)
  return (
    <>
      <DataList
        label={t('credentials.title')}
        query={query}
        rows={credentials}
        columns={[
          {
            accessor: 'title',
            title: t('credentials.name'),
            render: ({ title, kind }) => (
              <Stack gap={0}>
                <Text fz="sm" fw={500}>
                  {title || t(`kind.${kind}`)}
                </Text>
                <Text fz="xs" c="dimmed">
                  {t(`kind.${kind}`)}
                </Text>
              </Stack>
            ),
          },
          {
            accessor: 'environment',
            title: t('credentials.world'),
            render: (one) => t(`world.${one.environment}`),
          },
          { accessor: 'secrets', title: t('credentials.key'), render: (one) => <Secrets credential={one} /> },
          {
            accessor: 'lastUsedAt',
            title: t('credentials.lastUsed'),
            textAlign: 'right',
            render: ({ lastUsedAt }) =>
              lastUsedAt === null ? t('credentials.never') : <RelativeTime at={lastUsedAt} />,
          },
          { accessor: 'state', title: t('catalog.state'), render: (one) => <State credential={one} /> },
          {
            accessor: 'actions',
            title: <VisuallyHidden>{t('common:table.actions')}</VisuallyHidden>,
            textAlign: 'right',
            render: (one) =>
              mayChange && one.revokedAt === null ? (
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t('credentials.actions', { name: one.title })}
                    >
                      <IconDots size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {one.secrets.length > 0 && (
                      <Menu.Item onClick={() => setDoing({ what: 'rotate', credential: one })}>
                        {t('rotate.action')}
                      </Menu.Item>
                    )}
                    <Menu.Item color="red" onClick={() => setDoing({ what: 'revoke', credential: one })}>
                      {t('revoke.action')}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              ) : null,
          },
        ]}
        empty={<EmptyState title={t('credentials.empty')} />}
      />
      {doing?.what === 'rotate' && <Rotate credential={doing.credential} onClose={close} />}
      {doing?.what === 'revoke' && <Revoke credential={doing.credential} onClose={close} />}
    </>
  )
}

function Secrets({ credential }: { readonly credential: Credential }) {
  const { t } = useTranslation('portal')
  return (
    <Stack gap={2}>
      {credential.secrets.map(({ id, hint, expiresAt }) => (
        <Text key={id} fz="xs" ff="monospace" component="span">
          {hint}{' '}
          {expiresAt !== null && (
            <Text fz="xs" c="dimmed" component="span" ff="text">
              {t('credentials.ends')} <RelativeTime at={expiresAt} />
            </Text>
          )}
        </Text>
      ))}
    </Stack>
  )
}

function State({ credential }: { readonly credential: Credential }) {
  const { t } = useTranslation('portal')
  const { revokedAt, expiresAt, secrets } = credential
  if (revokedAt !== null) return <StateBadge tone="quiet" label={t('credentials.revoked')} />
  if (expiresAt !== null && expiresAt < Date.now())
    return <StateBadge tone="quiet" label={t('credentials.expired')} />
  if (secrets.filter((one) => one.expiresAt !== null).length > 0)
    return <StateBadge tone="warning" label={t('credentials.rotating')} />
  return <StateBadge tone="good" label={t('credentials.active')} />
}
