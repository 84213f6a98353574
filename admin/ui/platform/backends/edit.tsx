import { Button, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useTranslation } from 'react-i18next'
import type { Target, Upstream } from './queries.ts'

interface EditTargetProps {
  /** Absent: a new one. */
  readonly target: Target | undefined
  readonly taken: readonly string[]
  readonly onClose: () => void
  readonly onReview: (target: Target) => void
}

export function EditTarget({ target, taken, onClose, onReview }: EditTargetProps) {
  const { t } = useTranslation(['backends', 'change'])
  const form = useForm({
    initialValues: {
      id: target?.id ?? '',
      url: target?.url ?? '',
      weight: target?.weight ?? 1,
      maxConnections: (target?.maxConnections ?? '') as number | string,
    },
    validate: {
      id: (id) =>
        target || (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(id) && !taken.includes(id))
          ? null
          : t('fault.targetId'),
      url: (url) => (/^https?:\/\/[^/?#\s]+\/?$/.test(url) ? null : t('fault.targetUrl')),
    },
  })
  const review = form.onSubmit(({ id, url, weight, maxConnections }) => {
    const { maxConnections: _, ...rest } = target ?? { isDraining: false }
    const cap = maxConnections === '' ? {} : { maxConnections: Number(maxConnections) }
    onReview({ ...rest, id, url, weight, ...cap })
  })
  const title = target ? t('target.editNamed', { id: target.id }) : t('target.add')
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('change:cancel') }}>
      <form onSubmit={review} noValidate>
        <Stack gap="sm">
          <TextInput
            label={t('field.targetId')}
            description={t('help.targetId')}
            disabled={target !== undefined}
            data-autofocus={target ? undefined : true}
            {...form.getInputProps('id')}
          />
          <TextInput
            label={t('field.url')}
            description={t('help.url')}
            data-autofocus={target ? true : undefined}
            {...form.getInputProps('url')}
          />
          <NumberInput
            label={t('field.weight')}
            description={t('help.weight')}
            min={1}
            max={1000}
            clampBehavior="strict"
            allowDecimal={false}
            {...form.getInputProps('weight')}
          />
          <NumberInput
            label={t('field.maxConnections')}
            description={t('help.maxConnections')}
            min={1}
            max={100_000}
            clampBehavior="strict"
            allowDecimal={false}
            {...form.getInputProps('maxConnections')}
          />
          <Actions onClose={onClose} />
        </Stack>
      </form>
    </Modal>
  )
}

interface EditStrategyProps {
  readonly upstream: Upstream
  readonly onClose: () => void
  readonly onReview: (fields: Partial<Upstream>) => void
}

const strategies = ['round-robin', 'weighted', 'least-connections', 'least-time', 'hash'] as const

export function EditStrategy({ upstream, onClose, onReview }: EditStrategyProps) {
  const { t } = useTranslation(['backends', 'change'])
  const { hashOn } = upstream
  const form = useForm({
    initialValues: {
      title: upstream.title,
      strategy: upstream.strategy as string,
      hashBy: hashOn.by as string,
      header: hashOn.by === 'header' ? hashOn.header : '',
      checkPath: upstream.activeCheck?.path ?? '',
    },
    validate: {
      header: (header, { strategy, hashBy }) =>
        strategy === 'hash' && hashBy === 'header' && header.trim() === '' ? t('fault.header') : null,
      checkPath: (path) => (path === '' || path.startsWith('/') ? null : t('fault.checkPath')),
    },
  })
  const review = form.onSubmit(({ title, strategy, hashBy, header, checkPath }) => {
    const on = hashBy === 'header' ? { by: hashBy, header: header.trim() } : { by: hashBy }
    const check = checkPath === '' ? null : { ...upstream.activeCheck, type: 'http', path: checkPath }
    const isSameCheck = checkPath === (upstream.activeCheck?.path ?? '')
    onReview({
      title,
      strategy: strategy as Upstream['strategy'],
      hashOn: on as Upstream['hashOn'],
      ...(!isSameCheck && { activeCheck: check as NonNullable<Upstream['activeCheck']> }),
    })
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('settings.edit')}
      closeButtonProps={{ 'aria-label': t('change:cancel') }}
    >
      <form onSubmit={review} noValidate>
        <Stack gap="sm">
          <TextInput label={t('field.title')} {...form.getInputProps('title')} />
          <Select
            label={t('field.strategy')}
            description={t(`help.strategy.${form.values.strategy}`)}
            allowDeselect={false}
            data={strategies.map((value) => ({ value, label: t(`strategy.${value}`) }))}
            {...form.getInputProps('strategy')}
          />
          {form.values.strategy === 'hash' && (
            <Select
              label={t('field.hashBy')}
              allowDeselect={false}
              data={['address', 'partner', 'application', 'header'].map((value) => ({
                value,
                label: t(`hashBy.${value}`),
              }))}
              {...form.getInputProps('hashBy')}
            />
          )}
          {form.values.strategy === 'hash' && form.values.hashBy === 'header' && (
            <TextInput label={t('field.header')} {...form.getInputProps('header')} />
          )}
          <TextInput
            label={t('field.checkPath')}
            description={t('help.checkPath')}
            {...form.getInputProps('checkPath')}
          />
          <Actions onClose={onClose} />
        </Stack>
      </form>
    </Modal>
  )
}

function Actions({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('change')
  return (
    <Group justify="flex-end" gap="xs" mt="xs">
      <Button variant="default" onClick={onClose}>
        {t('cancel')}
      </Button>
      <Button type="submit">{t('review')}</Button>
    </Group>
  )
}
