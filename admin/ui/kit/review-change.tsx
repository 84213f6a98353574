import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Versioned } from '../api/client.ts'
import { problemOf } from '../api/problem.ts'
import { DiffList } from './diff-list.tsx'
import { differencesOf } from './differences.ts'

interface ReviewChangeProps<T> {
  readonly title: string
  readonly base: Versioned<T>
  /** What is to change, on whatever is there: done again on the newest where somebody else was faster. */
  readonly change: (value: T) => T
  readonly save: (value: T, etag: string) => Promise<unknown>
  /** Reads it anew. */
  readonly reload: () => Promise<Versioned<T>>
  readonly onDone: () => void
  readonly onClose: () => void
  /** What is pressed to save. */
  readonly label?: string
  readonly children?: ReactNode
}

/**
 * The last look before a change is saved: what was and what will be. Saved with If-Match; where somebody else has changed
 * it meanwhile, both changes are shown, and one's own can be made on top of theirs.
 */
export function ReviewChange<T>(props: ReviewChangeProps<T>) {
  const { t } = useTranslation('change')
  const { title, change, save, reload, onDone, onClose, label, children } = props
  const [base, setBase] = useState(props.base)
  const after = change(base.value)
  const mine = differencesOf(base.value, after)
  const theirs = differencesOf(props.base.value, base.value)
  const saving = useMutation({
    mutationFn: () => save(after, base.etag),
    onSuccess: onDone,
    async onError(error) {
      if ([409, 412].includes(problemOf(error).status)) setBase(await reload())
    },
  })
  const problem = saving.error && problemOf(saving.error)
  const isConflict = problem !== null && theirs.length > 0
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('cancel') }}>
      <Stack gap="sm">
        {isConflict && (
          <Alert color="yellow" title={t('conflict.title')}>
            {t('conflict.detail')}
          </Alert>
        )}
        {isConflict && (
          <>
            <Text fz="xs" fw={600}>
              {t('conflict.theirs')}
            </Text>
            <DiffList differences={theirs} />
            <Text fz="xs" fw={600}>
              {t('conflict.mine')}
            </Text>
          </>
        )}
        <DiffList differences={mine} />
        {children}
        {problem && !isConflict && (
          <Alert color="red" title={problem.title || t('failed')} role="alert">
            {problem.detail}
            {problem.errors.map(({ pointer, detail }) => (
              <Text key={pointer} fz="sm">
                {t('atPlace', { pointer, detail })}
              </Text>
            ))}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button
            onClick={() => saving.mutate()}
            loading={saving.isPending}
            disabled={mine.length === 0}
            data-autofocus
          >
            {isConflict ? t('conflict.onTop') : (label ?? t('save'))}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
