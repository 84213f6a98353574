import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useTranslation } from 'react-i18next'
import type { Partner } from './queries.ts'

interface EditPartnerProps {
  readonly partner: Partner
  readonly onClose: () => void
  readonly onReview: (fields: Pick<Partner, 'title' | 'contact'>) => void
}

export function EditPartner({ partner, onClose, onReview }: EditPartnerProps) {
  const { t } = useTranslation(['partners', 'change'])
  const form = useForm({
    initialValues: { title: partner.title, contact: partner.contact },
    validate: { title: (title) => (title.trim() === '' ? t('fault.title') : null) },
  })
  return (
    <Modal opened onClose={onClose} title={t('edit')} closeButtonProps={{ 'aria-label': t('change:cancel') }}>
      <form onSubmit={form.onSubmit(onReview)} noValidate>
        <Stack gap="sm">
          <TextInput label={t('field.title')} data-autofocus {...form.getInputProps('title')} />
          <TextInput label={t('field.contact')} {...form.getInputProps('contact')} />
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={onClose}>
              {t('change:cancel')}
            </Button>
            <Button type="submit">{t('change:review')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
