import { Alert, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Versioned } from '../../api/client.ts'
import { maySee } from '../../app/navigation.ts'
import { useSession } from '../../app/use-session.ts'
import { Copy } from '../../kit/copy.tsx'
import { Page } from '../../kit/page.tsx'
import { ReviewChange } from '../../kit/review-change.tsx'
import { EmptyState, ErrorState } from '../../kit/states.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { ApplicationCard } from './application.tsx'
import { EditPartner } from './edit-partner.tsx'
import { PartnerState } from './partners.tsx'
import {
  applicationsQuery,
  type Partner as PartnerRecord,
  partnerQuery,
  readPartner,
  savePartner,
} from './queries.ts'

export function Partner() {
  const { partnerId } = useParams({ strict: false }) as { partnerId: string }
  const stored = useQuery(partnerQuery(partnerId))
  if (stored.error && !stored.data)
    return <ErrorState error={stored.error} onRetry={() => void stored.refetch()} />
  return stored.data ? <Detail stored={stored.data} /> : null
}

interface Pending {
  readonly title: string
  readonly change: (value: PartnerRecord) => PartnerRecord
  readonly warning?: string
}

function Detail({ stored }: { readonly stored: Versioned<PartnerRecord> }) {
  const { t } = useTranslation('partners')
  const { permissions } = useSession()
  const client = useQueryClient()
  const { value } = stored
  const [pending, setPending] = useState<Pending>()
  const [isEditing, setEditing] = useState(false)
  const suspend = () =>
    setPending({
      title: t(value.isSuspended ? 'resumeNamed' : 'suspendNamed', { title: value.title }),
      change: (from) => ({ ...from, isSuspended: !value.isSuspended }),
      ...(!value.isSuspended && { warning: t('suspendMeans') }),
    })
  return (
    <Page
      title={value.title}
      description={value.name}
      crumbs={[{ title: t('title'), to: '/admin/partners' }]}
      actions={
        maySee(permissions, 'write') && (
          <>
            <Button variant="default" size="xs" onClick={() => setEditing(true)}>
              {t('edit')}
            </Button>
            <Button variant="default" size="xs" {...(!value.isSuspended && { c: 'red' })} onClick={suspend}>
              {t(value.isSuspended ? 'resume' : 'suspend')}
            </Button>
          </>
        )
      }
    >
      <Facts partner={value} />
      <Applications partner={value} />
      {isEditing && (
        <EditPartner
          partner={value}
          onClose={() => setEditing(false)}
          onReview={(fields) => {
            setEditing(false)
            setPending({ title: t('edit'), change: (from) => ({ ...from, ...fields }) })
          }}
        />
      )}
      {pending && (
        <ReviewChange
          title={pending.title}
          base={stored}
          change={pending.change}
          save={savePartner}
          reload={() => readPartner(value.id)}
          onClose={() => setPending(undefined)}
          onDone={() => {
            setPending(undefined)
            void client.invalidateQueries({ queryKey: ['partners'] })
          }}
        >
          {pending.warning && <Alert color="red">{pending.warning}</Alert>}
        </ReviewChange>
      )}
    </Page>
  )
}

function Facts({ partner }: { readonly partner: PartnerRecord }) {
  const { t } = useTranslation('partners')
  const labels = Object.entries(partner.labels).map(([name, value]) => `${name}: ${value}`)
  const facts = [
    ['state', <PartnerState key="state" isSuspended={partner.isSuspended} />],
    ['contact', partner.contact || t('none')],
    ['labels', labels.join(', ') || t('none')],
    ['createdAt', <RelativeTime key="at" at={partner.createdAt} />],
    ['id', <Copy key="id" value={partner.id} />],
  ] as const
  return (
    <Card withBorder p="md">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 5 }} spacing="lg" component="dl" m={0}>
        {facts.map(([key, value]) => (
          <div key={key}>
            <Text fz="xs" c="dimmed" component="dt">
              {t(`field.${key}`)}
            </Text>
            <Text fz="sm" component="dd" m={0} style={{ overflowWrap: 'anywhere' }}>
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Card>
  )
}

function Applications({ partner }: { readonly partner: PartnerRecord }) {
  const { t } = useTranslation('partners')
  const { application } = useSearch({ strict: false }) as { application?: string }
  const applications = useQuery(applicationsQuery(partner.id))
  if (applications.error && !applications.data)
    return <ErrorState error={applications.error} onRetry={() => void applications.refetch()} />
  // The one that somebody was led to stands first.
  const items = (applications.data?.items ?? []).toSorted(
    (a, b) => Number(b.id === application) - Number(a.id === application),
  )
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2}>{t('applications')}</Title>
      </Group>
      {applications.data && items.length === 0 && (
        <EmptyState title={t('noApplications.title')}>{t('noApplications.detail')}</EmptyState>
      )}
      {items.map((one) => (
        <ApplicationCard key={one.id} application={one} isMeant={one.id === application} />
      ))}
    </Stack>
  )
}
