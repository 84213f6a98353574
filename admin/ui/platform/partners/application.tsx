import { Card, Code, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { StateBadge } from '../../kit/state-badge.tsx'
import { RelativeTime } from '../../kit/time.tsx'
import { PartnerState } from './partners.tsx'
import {
  type Application,
  type Credential,
  credentialsQuery,
  plansQuery,
  type Subscription,
  subscriptionsQuery,
  versionNameQuery,
} from './queries.ts'

interface ApplicationCardProps {
  readonly application: Application
  /** Whether somebody was led to it. */
  readonly isMeant: boolean
}

/** An application: what it may use, and what it proves itself by. */
export function ApplicationCard({ application, isMeant }: ApplicationCardProps) {
  const { t } = useTranslation('partners')
  const subscriptions = useQuery(subscriptionsQuery(application.id))
  const credentials = useQuery(credentialsQuery(application.id))
  return (
    <Card
      withBorder
      p="md"
      {...(isMeant && { style: { borderColor: 'var(--mantine-primary-color-filled)' } })}
    >
      <Stack gap="sm">
        <Group gap="xs">
          <Title order={3}>{application.title}</Title>
          <Text fz="xs" c="dimmed">
            {application.name}
          </Text>
          {application.isSuspended && <PartnerState isSuspended />}
        </Group>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Stack gap={6}>
            <Text fz="xs" c="dimmed">
              {t('subscriptions')}
            </Text>
            {(subscriptions.data?.items ?? []).map((one) => (
              <SubscriptionLine key={one.id} subscription={one} />
            ))}
            {subscriptions.data?.items.length === 0 && <Nothing />}
          </Stack>
          <Stack gap={6}>
            <Text fz="xs" c="dimmed">
              {t('credentials')}
            </Text>
            {(credentials.data?.items ?? []).map((one) => (
              <CredentialLine key={one.id} credential={one} />
            ))}
            {credentials.data?.items.length === 0 && <Nothing />}
          </Stack>
        </SimpleGrid>
      </Stack>
    </Card>
  )
}

function Nothing() {
  const { t } = useTranslation('partners')
  return <Text fz="sm">{t('none')}</Text>
}

function SubscriptionLine({ subscription }: { readonly subscription: Subscription }) {
  const { t } = useTranslation('partners')
  const name = useQuery(versionNameQuery(subscription.versionId))
  const plans = useQuery(plansQuery)
  const plan = plans.data?.items.find(({ id }) => id === subscription.planId)
  const tones = { active: 'good', pending: 'warning', declined: 'bad' } as const
  return (
    <Group gap="xs">
      <StateBadge tone={tones[subscription.state]} label={t(`subscription.${subscription.state}`)} />
      <Text fz="sm">{name.data ?? subscription.versionId}</Text>
      <Text fz="xs" c="dimmed">
        {plan ? t('plan', { name: plan.title || plan.name }) : t('noPlan')}
      </Text>
    </Group>
  )
}

function CredentialLine({ credential }: { readonly credential: Credential }) {
  const { t } = useTranslation('partners')
  const { kind, environment, secrets, title, lastUsedAt, revokedAt, expiresAt } = credential
  const isOver = expiresAt !== null && expiresAt <= Date.now()
  const state = revokedAt !== null ? 'revoked' : isOver ? 'expired' : 'active'
  return (
    <Group gap="xs">
      <StateBadge tone={state === 'active' ? 'good' : 'quiet'} label={t(`credential.${state}`)} />
      <Text fz="sm">{title || t(`kind.${kind}`)}</Text>
      {secrets[0] && <Code fz={12}>{secrets[0].hint}</Code>}
      <Text fz="xs" c="dimmed">
        {t(`environment.${environment}`)}
      </Text>
      <Text fz="xs" c="dimmed">
        {lastUsedAt === null ? (
          t('neverUsed')
        ) : (
          <>
            {t('lastUsed')} <RelativeTime at={lastUsedAt} />
          </>
        )}
      </Text>
    </Group>
  )
}
