import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ProblemAlert } from '../../kit/problem-alert.tsx'
import { createPartner } from './queries.ts'

export function NewPartner({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation(['partners', 'change'])
  const client = useQueryClient()
  const navigate = useNavigate()
  const form = useForm({
    initialValues: { title: '', name: '', contact: '' },
    validate: {
      title: (title) => (title.trim() === '' ? t('fault.title') : null),
      name: (name) => (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) ? null : t('fault.name')),
    },
  })
  const creating = useMutation({
    mutationFn: createPartner,
    async onSuccess({ id }) {
      await client.invalidateQueries({ queryKey: ['partners'] })
      await navigate({ to: `/admin/partners/${id}` })
    },
  })
  const { onBlur, ...title } = form.getInputProps('title')
  // A short name is made of the long one until somebody has their own idea of it.
  const suggest = () => {
    if (form.values.name !== '') return
    const name = form.values.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    form.setFieldValue('name', name.replaceAll(/^-|-$/g, ''))
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('new.title')}
      closeButtonProps={{ 'aria-label': t('change:cancel') }}
    >
      <form onSubmit={form.onSubmit((values) => creating.mutate(values))} noValidate>
        <Stack gap="sm">
          <ProblemAlert error={creating.error} />
          <TextInput
            label={t('field.title')}
            data-autofocus
            {...title}
            onBlur={(event) => {
              onBlur?.(event)
              suggest()
            }}
          />
          <TextInput label={t('field.name')} description={t('help.name')} {...form.getInputProps('name')} />
          <TextInput label={t('field.contact')} {...form.getInputProps('contact')} />
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={onClose}>
              {t('change:cancel')}
            </Button>
            <Button type="submit" loading={creating.isPending}>
              {t('new.create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
