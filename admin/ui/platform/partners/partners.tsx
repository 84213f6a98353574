import { Anchor, Button, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { maySee } from '../../app/navigation.ts'
import { useSession } from '../../app/use-session.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { StateBadge } from '../../kit/state-badge.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { NewPartner } from './new-partner.tsx'
import { partnersQuery } from './queries.ts'

/** P11: the organisations that are allowed in. */
export function Partners() {
  const { t } = useTranslation('partners')
  const navigate = useNavigate()
  const { permissions } = useSession()
  const { search = '' } = useSearch({ strict: false }) as { search?: string }
  const partners = useQuery(partnersQuery)
  const [isNew, setNew] = useState(false)
  const wanted = search.toLowerCase()
  const rows = (partners.data?.items ?? []).filter((one) =>
    `${one.name} ${one.title} ${one.contact}`.toLowerCase().includes(wanted),
  )
  const add = maySee(permissions, 'write') && (
    <Button size="xs" onClick={() => setNew(true)}>
      {t('new.title')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} actions={add}>
      <TextInput
        aria-label={t('filter')}
        placeholder={t('filter')}
        data-filter
        value={search}
        maw={360}
        onChange={({ currentTarget: { value } }) =>
          void navigate({ to: '.', search: value ? { search: value } : {}, replace: true })
        }
      />
      <DataList
        label={t('title')}
        query={partners}
        rows={rows}
        columns={[
          {
            accessor: 'title',
            title: t('field.partner'),
            render: ({ id, title, name }) => (
              <div>
                <Anchor component={Link} to={`/admin/partners/${id}`} fw={500} fz="sm">
                  {title}
                </Anchor>
                <Text fz="xs" c="dimmed">
                  {name}
                </Text>
              </div>
            ),
          },
          { accessor: 'contact', title: t('field.contact') },
          {
            accessor: 'isSuspended',
            title: t('field.state'),
            render: ({ isSuspended }) => <PartnerState isSuspended={isSuspended} />,
          },
          {
            accessor: 'createdAt',
            title: t('field.createdAt'),
            textAlign: 'right',
            render: ({ createdAt }) => <RelativeTime at={createdAt} />,
          },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
      {isNew && <NewPartner onClose={() => setNew(false)} />}
    </Page>
  )
}

export function PartnerState({ isSuspended }: { readonly isSuspended: boolean }) {
  const { t } = useTranslation('partners')
  return (
    <StateBadge
      tone={isSuspended ? 'bad' : 'good'}
      label={t(isSuspended ? 'state.suspended' : 'state.live')}
    />
  )
}
