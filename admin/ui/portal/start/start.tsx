import { Button, Card, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../../api/client.ts'
import { Page } from '../../kit/page.tsx'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { Delayed, EmptyState, ErrorState } from '../../kit/states.tsx'
import { catalogQuery, ownKey, type PortalVersion, usePartner } from '../queries.ts'
import { FirstCall } from './first-call.tsx'

/** From nothing to a key in one step, and then to the first answer. */
export function Start() {
  const { t } = useTranslation('start')
  const partner = usePartner()
  const catalog = useQuery(catalogQuery(partner))
  const versions = catalog.data?.items.filter(({ plans }) => plans.length > 0) ?? []
  return (
    <Page title={t('title')} description={t('description')}>
      {catalog.error && !catalog.data ? (
        <ErrorState error={catalog.error} onRetry={() => void catalog.refetch()} />
      ) : catalog.isPending ? (
        <Delayed>{t('loading')}</Delayed>
      ) : versions.length === 0 ? (
        <EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>
      ) : (
        <Choice versions={versions} />
      )}
    </Page>
  )
}

function Choice({ versions }: { readonly versions: readonly PortalVersion[] }) {
  const { t } = useTranslation('start')
  const partner = usePartner()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { version: wanted } = useSearch({ strict: false }) as { version?: string }
  const [versionId, setVersionId] = useState(versions.find(({ id }) => id === wanted)?.id ?? versions[0]!.id)
  const version = versions.find(({ id }) => id === versionId) ?? versions[0]!
  const auto = version.plans.find(({ approval }) => approval === 'auto') ?? version.plans[0]!
  const [planId, setPlanId] = useState(auto.id)
  const plan = version.plans.find(({ id }) => id === planId) ?? auto
  const environment = version.environments.includes('sandbox') ? 'sandbox' : 'live'
  const [title, setTitle] = useState(t('applicationTitle'))
  // Made once for the form: who presses twice, or tries again after a lost answer, gets one key.
  const requestId = useRef(crypto.randomUUID?.() ?? randomId())
  const create = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/api/portal/{partner}/quick-start', {
          params: { path: { partner } },
          body: { requestId: requestId.current, versionId: version.id, planId: plan.id, environment, title },
        }),
      ),
    gcTime: 0, // the answer holds the key
  })
  useEffect(() => {
    if (create.isSuccess) void client.invalidateQueries({ queryKey: ownKey(partner) })
  }, [create.isSuccess, client, partner])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  if (create.data?.secret)
    return (
      <FirstCall
        version={version}
        secret={create.data.secret}
        onDone={() => {
          create.reset()
          void navigate({ href: `/portal/${partner}/applications/${create.data.application.id}` })
        }}
      />
    )
  if (create.data) return <EmptyState title={t('waiting.title')}>{t('waiting.detail')}</EmptyState>
  return (
    <Card withBorder p="lg" maw={560}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={create.error} />
          <Select
            label={t('field.api')}
            data={versions.map((one) => ({ value: one.id, label: `${one.apiTitle} ${one.name}` }))}
            value={version.id}
            onChange={(id) => id && setVersionId(id)}
            allowDeselect={false}
          />
          <Select
            label={t('field.plan')}
            description={t(plan.approval === 'auto' ? 'plan.auto' : 'plan.manual')}
            data={version.plans.map((one) => ({
              value: one.id,
              label: one.priceLabel ? `${one.title} · ${one.priceLabel}` : one.title,
            }))}
            value={plan.id}
            onChange={(id) => id && setPlanId(id)}
            allowDeselect={false}
          />
          <TextInput
            label={t('field.application')}
            description={t('field.applicationHint')}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            required
            maxLength={200}
          />
          <Group justify="space-between">
            <Text fz="sm" c="dimmed">
              {t(`environment.${environment}`)}
            </Text>
            <Button type="submit" loading={create.isPending}>
              {t('create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  )
}

/** Where the page came over plain http from another host, browsers give no `randomUUID`. */
const randomId = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
