import { Alert } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { problemOf } from '../api/problem.ts'

/** A refusal of what was just sent, above the form that keeps what was typed. */
export function ProblemAlert({ error }: { readonly error: unknown }) {
  const { t, i18n } = useTranslation()
  if (!error) return null
  const { code, title, detail, status } = problemOf(error)
  const own = `problem.${code}`
  const text = i18n.exists(`common:${own}`) ? t(own) : (detail ?? (status === 0 ? t('fault.0.detail') : ''))
  return (
    <Alert
      color="red"
      icon={<IconAlertCircle size={18} aria-hidden />}
      role="alert"
      title={text ? undefined : title}
    >
      {text}
    </Alert>
  )
}
