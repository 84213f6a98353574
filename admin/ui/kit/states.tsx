import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useCounter, useInterval } from '@mantine/hooks'
import { IconCloudOff, IconLock, IconMoodConfuzed, type IconProps, IconSearchOff } from '@tabler/icons-react'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { type ComponentType, type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { problemOf } from '../api/problem.ts'
import { Copy } from './copy.tsx'

interface StateProps {
  readonly icon?: ComponentType<IconProps>
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
  /** 1 where it is the whole page. */
  readonly level?: 1 | 2
}

/** What stands where there is nothing to show: one sentence, one thing to do. */
export function EmptyState({ icon: Icon = IconSearchOff, title, children, action, level = 2 }: StateProps) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Icon size={32} stroke={1.4} aria-hidden />
      <Title order={level}>{title}</Title>
      {children && (
        <Text c="dimmed" maw={460}>
          {children}
        </Text>
      )}
      {action && <Group mt="xs">{action}</Group>}
    </Stack>
  )
}

const icons: Record<number, ComponentType<IconProps>> = { 0: IconCloudOff, 403: IconLock, 404: IconSearchOff }
const known = ['0', '401', '403', '404', '409', '412', '429', '503']

/** A refusal in place of what was to be shown: what it is, what to do, and how to name it to others. */
export function ErrorState({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { t } = useTranslation()
  const { status, title, detail, requestId, retryAfterSeconds } = problemOf(error)
  const kind = known.includes(String(status)) ? String(status) : 'other'
  const waits = useCountdown(retryAfterSeconds)
  return (
    <div role="alert">
      <EmptyState
        icon={icons[status] ?? IconMoodConfuzed}
        title={t(`fault.${kind}.title`, { title })}
        action={
          onRetry && (
            <Button variant="default" onClick={onRetry} disabled={waits > 0}>
              {waits > 0 ? t('fault.retryIn', { seconds: waits }) : t('action.retry')}
            </Button>
          )
        }
      >
        {detail ?? t(`fault.${kind}.detail`)}
        {requestId && (
          <Group component="span" gap={4} justify="center" mt="xs">
            {t('fault.request')} <Copy value={requestId} />
          </Group>
        )}
      </EmptyState>
    </div>
  )
}

function useCountdown(seconds = 0): number {
  const [left, { decrement, set }] = useCounter(seconds, { min: 0 })
  const { start, stop } = useInterval(decrement, 1_000)
  useEffect(() => {
    set(seconds)
    start()
    return stop
  }, [seconds, set, start, stop])
  return left
}

/** What is shown in place of a page that threw. */
export function PageFault({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return <ErrorState error={error} onRetry={retry} />
}

export function PageUnknown() {
  const { t } = useTranslation()
  return (
    <EmptyState
      level={1}
      title={t('fault.404.title')}
      action={
        <Button component={Link} to="/" variant="default">
          {t('action.home')}
        </Button>
      }
    >
      {t('fault.404.detail')}
    </EmptyState>
  )
}

/** Shows its children only after a moment: what comes at once needs no skeleton before it. */
export function Delayed({
  children,
  afterMs = 150,
}: {
  readonly children: ReactNode
  readonly afterMs?: number
}) {
  const [isDue, setDue] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), afterMs)
    return () => clearTimeout(timer)
  }, [afterMs])
  return isDue ? children : null
}
