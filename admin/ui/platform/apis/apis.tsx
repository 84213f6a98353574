import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { DataList } from '../../kit/data-list.tsx'
import { Page } from '../../kit/page.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'

export function Apis() {
  const { t } = useTranslation('apis')
  const apis = useQuery({
    queryKey: ['apis'],
    queryFn: () => dataOf(api.GET('/api/apis', { params: { query: { limit: 200 } } })),
  })
  return (
    <Page title={t('title')} description={t('description')}>
      <DataList
        label={t('title')}
        query={apis}
        rows={apis.data?.items ?? []}
        columns={[
          { accessor: 'title', title: t('field.title') },
          { accessor: 'name', title: t('field.name') },
          { accessor: 'owner', title: t('field.owner') },
          {
            accessor: 'updatedAt',
            title: t('field.updatedAt'),
            textAlign: 'right',
            render: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
          },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
    </Page>
  )
}
